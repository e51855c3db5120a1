include(CTest)

# tripline_test(name SOURCES ... LINK ... [LABELS ...]): one CUnit program, run by ctest; a cross build runs it in Wine.
function(tripline_test name)
    cmake_parse_arguments(TEST "" "TIMEOUT" "SOURCES;LINK;LABELS" ${ARGN})
    add_executable(${name} ${TEST_SOURCES})
    target_link_libraries(${name} PRIVATE ${TEST_LINK} deps::cunit tripline_options)
    target_compile_definitions(${name} PRIVATE
        TEST_DATA="${CMAKE_SOURCE_DIR}/tests/data" TEST_SHARED="${TRIPLINE_SHARED}" TEST_SOURCE="${CMAKE_SOURCE_DIR}")
    add_test(NAME ${name} COMMAND ${name})
    if(NOT TEST_TIMEOUT)
        set(TEST_TIMEOUT 120)
    endif()
    set_tests_properties(${name} PROPERTIES TIMEOUT ${TEST_TIMEOUT} LABELS "unit;${TEST_LABELS}")
endfunction()
