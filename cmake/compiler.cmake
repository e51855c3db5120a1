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

# tripline_room(name SOURCES ... LINK ...): the static library of one room.
function(tripline_room name)
    cmake_parse_arguments(ROOM "" "" "SOURCES;LINK" ${ARGN})
    add_library(${name} STATIC ${ROOM_SOURCES})
    target_link_libraries(${name} PUBLIC ${ROOM_LINK} PRIVATE tripline_options)
    target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
endfunction()

# tripline_avx2(source ...): compiles these for AVX2; they run only where lanes_here() finds it.
# On Windows the stack is aligned to 16 bytes only, and gcc does not know (its bug 54412): no aligned vector moves.
function(tripline_avx2)
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS
        "-mavx2;$<$<PLATFORM_ID:Windows>:-Wa,-muse-unaligned-vector-move>")
endfunction()
