# Run at each build: version.c from version.c.in, with the commit that is built. It is only written when it changes.
#   cmake -DSOURCE=... -DTEMPLATE=... -DTARGET=... -DPROJECT_VERSION=... -P version.cmake
set(TRIPLINE_COMMIT unknown)
find_program(GIT git)
if(GIT)
    # Not the commit of a repository that this source merely lies in.
    execute_process(COMMAND ${GIT} -C ${SOURCE} rev-parse --show-prefix HEAD
        OUTPUT_VARIABLE answer ERROR_QUIET RESULT_VARIABLE code OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(code EQUAL 0 AND answer MATCHES "^\n?([0-9a-f]+)$")
        set(TRIPLINE_COMMIT ${CMAKE_MATCH_1})
        execute_process(COMMAND ${GIT} -C ${SOURCE} diff-index --quiet HEAD -- ERROR_QUIET RESULT_VARIABLE changed)
        if(NOT changed EQUAL 0)
            string(APPEND TRIPLINE_COMMIT -dirty)
        endif()
    endif()
endif()
configure_file(${TEMPLATE} ${TARGET} @ONLY)
