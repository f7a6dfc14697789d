# renaming files and folders that were there before, mv between folders, swapping
mv file file2; mv file2 dir/file; mv dir/file file
mv dir dir2; test -f dir2/inner; mv dir2 dir; mkdir other; mv dir other/; test -f other/dir/inner; mv other/dir .
python3 - <<'P'
import os, shutil
shutil.move("dir", "dir3"); shutil.move("dir3", "dir"); os.replace("file", "file9"); os.rename("file9", "file")
os.makedirs("p/q"); os.rename("p", "r"); os.rename("r/q", "s"); open("r/x", "w").close(); os.renames("r/x", "t/y")
P
test -f dir/inner
