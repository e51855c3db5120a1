# What every source of ours is compiled and linked with.
add_library(tripline_options INTERFACE)
target_include_directories(tripline_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(tripline_options INTERFACE
    -Wall -Wextra -Wconversion -Wshadow -Wvla -Werror -Wstrict-prototypes -Wmissing-prototypes -Wformat=2
    -fstack-protector-strong -ffile-prefix-map=${CMAKE_SOURCE_DIR}=.)
if(WIN32)
    target_compile_definitions(tripline_options INTERFACE _WIN32_WINNT=0x0A00 WIN32_LEAN_AND_MEAN UNICODE _UNICODE
        __USE_MINGW_ANSI_STDIO=1)
    # -static and the stack protector also on the link line: the program must not need libssp-0.dll or libgcc's DLL.
    target_link_options(tripline_options INTERFACE -static -fstack-protector-strong -Wl,--no-insert-timestamp)
else()
    target_compile_definitions(tripline_options INTERFACE _GNU_SOURCE)
    target_link_options(tripline_options INTERFACE -Wl,-z,relro,-z,now)
endif()
if(TRIPLINE_SANITIZE)
    target_compile_options(tripline_options INTERFACE -fsanitize=address,undefined -fno-sanitize-recover=all
        -fno-omit-frame-pointer)
    target_link_options(tripline_options INTERFACE -fsanitize=address,undefined)
endif()

# tripline_room(name FOLDERS ... [LINK ...]): the static library of one room. Each folder lists its sources itself (tripline_folder).
function(tripline_room name)
    cmake_parse_arguments(ROOM "" "" "FOLDERS;LINK" ${ARGN})
    add_library(${name} STATIC)
    target_link_libraries(${name} PUBLIC ${ROOM_LINK} PRIVATE tripline_options)
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
    set(TRIPLINE_ROOM ${name})
    foreach(folder IN LISTS ROOM_FOLDERS)
        add_subdirectory(${folder})
    endforeach()
endfunction()

# tripline_folder(source ...): these belong to the room. x_win.c is for Windows alone, x_posix.c for all others; x_avx2.c is compiled
# for AVX2.
function(tripline_folder)
    set(sources ${ARGN})
    if(WIN32)
        list(FILTER sources EXCLUDE REGEX "_posix\\.c$")
    else()
        list(FILTER sources EXCLUDE REGEX "_win\\.c$")
    endif()
    target_sources(${TRIPLINE_ROOM} PRIVATE ${sources})
    list(FILTER sources INCLUDE REGEX "_avx2\\.c$")
    tripline_avx2(${sources})
endfunction()

# tripline_avx2(source ...): compiles these for AVX2; they run only where lanes_here() finds it.
# On Windows the stack is aligned to 16 bytes only, and gcc does not know (its bug 54412): no aligned vector moves.
function(tripline_avx2)
    set(sources ${ARGN})
    if(NOT sources)
        return()
    endif()
    if(TRIPLINE_ROOM)
        set(where TARGET_DIRECTORY ${TRIPLINE_ROOM}) # what is said of a source counts in that folder's CMake alone
    endif()
    list(TRANSFORM sources PREPEND "${CMAKE_CURRENT_SOURCE_DIR}/" REGEX "^[^/]")
    set_source_files_properties(${sources} ${where} PROPERTIES COMPILE_OPTIONS
        "-mavx2;$<$<PLATFORM_ID:Windows>:-Wa,-muse-unaligned-vector-move>")
endfunction()
