include(CTest)

# tripline_test(name SOURCES ... LINK ... [LABELS ...]): one CUnit program, run by ctest; a cross build runs it in Wine.
# Exit code 77 is "skipped" (tests/test.h). The time limit ends what hangs; nothing is measured by it.
function(tripline_test name)
    cmake_parse_arguments(TEST "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
    add_executable(${name} ${TEST_SOURCES})
    target_link_libraries(${name} PRIVATE ${TEST_LINK} deps::cunit tripline_options)
    target_compile_definitions(${name} PRIVATE
        TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data" TEST_SHARED="${TRIPLINE_SHARED}" TEST_SOURCE="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${name} COMMAND ${name})
    if(NOT TEST_TIMEOUT)
        set(TEST_TIMEOUT 600)
    endif()
    # The room that it is about: tests/detect/... gives "detect".
    file(RELATIVE_PATH room ${CMAKE_SOURCE_DIR}/tests ${CMAKE_CURRENT_SOURCE_DIR})
    string(REGEX REPLACE "/.*" "" room ${room})
    set_tests_properties(${name} PROPERTIES
        TIMEOUT ${TEST_TIMEOUT} SKIP_RETURN_CODE 77 LABELS "unit;${room};${TEST_LABELS}")
endfunction()
