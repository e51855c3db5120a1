# Builds for Windows x64 with mingw-w64 (x86_64-w64-mingw32).
#
# TRIPLINE_DEPS_PREFIX (CMake or environment variable): where the static libraries are. Without it: where
# cmake/deps/build-deps.sh puts them. CMAKE_CROSSCOMPILING_EMULATOR (wine) is the caller's to set.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)

# The posix flavour first, for its pthread.h; where only one flavour is installed the plain name is that one.
find_program(CMAKE_C_COMPILER NAMES x86_64-w64-mingw32-gcc-posix x86_64-w64-mingw32-gcc)
if(NOT CMAKE_C_COMPILER)
    message(FATAL_ERROR "x86_64-w64-mingw32-gcc is missing: install the Debian package gcc-mingw-w64-x86-64-posix")
endif()
set(CMAKE_RC_COMPILER x86_64-w64-mingw32-windres)

if(NOT TRIPLINE_DEPS_PREFIX)
    set(TRIPLINE_DEPS_PREFIX "$ENV{TRIPLINE_DEPS_PREFIX}")
endif()
if(NOT TRIPLINE_DEPS_PREFIX)
    execute_process(COMMAND "${CMAKE_CURRENT_LIST_DIR}/deps/build-deps.sh" --print-prefix
        OUTPUT_VARIABLE TRIPLINE_DEPS_PREFIX OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()
# CMake's own test programs read this file again, without the cache.
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES TRIPLINE_DEPS_PREFIX)

set(CMAKE_FIND_ROOT_PATH "${TRIPLINE_DEPS_PREFIX}" /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)

# Windows 10 and Server 2016 are the oldest.
set(CMAKE_C_FLAGS_INIT "-D_WIN32_WINNT=0x0A00")
