# rename(2) of a folder that was there before, without a copy in its place
# needs: python3
# todo: EXDEV, as between two disks: an overlay of an ordinary user has no redirects; mv copies
python3 - <<'P'
import os
os.rename("dir", "renamed"); assert open("renamed/inner").read(); os.rename("renamed", "dir")
os.mkdir("into"); os.rename("dir", "into/dir"); os.rename("into/dir", "dir")
P
