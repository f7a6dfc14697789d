# cmake, ctest, ninja when it is there
# needs: cmake ctest gcc make
printf 'cmake_minimum_required(VERSION 3.10)\nproject(p C)\nadd_executable(p p.c)\nenable_testing()\nadd_test(NAME t COMMAND p)\n' >CMakeLists.txt
echo 'int main(void) { return 0; }' >p.c; cmake -S . -B out >/dev/null; cmake --build out -j2 >/dev/null; (cd out && ctest -j2 | grep -q '100% tests passed')
if command -v ninja >/dev/null; then cmake -G Ninja -S . -B out2 >/dev/null; cmake --build out2 >/dev/null; fi
