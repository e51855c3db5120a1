# The libraries that are not ours, under the same names for both builds:
#   deps::expat deps::curl deps::ssl deps::crypto deps::sqlite3 deps::jansson deps::zlib deps::yaml deps::pcre2,
#   for tests deps::cunit.
# Linux: Debian's -dev packages, but for libcurl, which is the small one of cmake/deps/build-deps.sh --host where
# TRIPLINE_CURL_PREFIX says where that is. Windows: the static libraries of cmake/deps/build-deps.sh, with the parts of Windows
# that each needs. A library that is missing ends the configuring with the name of its Debian package.

# host_library(NAME PKG_CONFIG_NAME DEBIAN_PACKAGE)
function(host_library name module package)
    pkg_check_modules(DEPS_${name} QUIET IMPORTED_TARGET GLOBAL ${module})
    if(NOT DEPS_${name}_FOUND)
        message(FATAL_ERROR "The library ${module} is missing: install the Debian package ${package}")
    endif()
    add_library(deps::${name} ALIAS PkgConfig::DEPS_${name})
endfunction()

# built_library(NAME PREFIX FILE HEADER [DEFINE ...] [LINK ...]): FILE in lib/, HEADER in include/ of the prefix.
function(built_library name prefix file header)
    cmake_parse_arguments(LIBRARY "" "" "DEFINE;LINK" ${ARGN})
    set(path "${prefix}/lib/${file}")
    foreach(part IN ITEMS "${path}" "${prefix}/include/${header}")
        if(NOT EXISTS "${part}")
            message(FATAL_ERROR "${part} is missing: run cmake/deps/build-deps.sh, for Linux with --host "
                "(it needs the Debian packages of the groups build and win64 in cmake/packages.txt)")
        endif()
    endforeach()
    add_library(deps::${name} STATIC IMPORTED GLOBAL)
    set_target_properties(deps::${name} PROPERTIES IMPORTED_LOCATION "${path}"
        INTERFACE_INCLUDE_DIRECTORIES "${prefix}/include"
        INTERFACE_COMPILE_DEFINITIONS "${LIBRARY_DEFINE}"
        INTERFACE_LINK_LIBRARIES "${LIBRARY_LINK}")
endfunction()

if(WIN32)
    built_library(zlib "${TRIPLINE_DEPS_PREFIX}" libz.a zlib.h)
    built_library(crypto "${TRIPLINE_DEPS_PREFIX}" libcrypto.a openssl/crypto.h LINK ws2_32 advapi32 crypt32 bcrypt user32)
    built_library(ssl "${TRIPLINE_DEPS_PREFIX}" libssl.a openssl/ssl.h LINK deps::crypto)
    built_library(expat "${TRIPLINE_DEPS_PREFIX}" libexpat.a expat.h DEFINE XML_STATIC)
    built_library(curl "${TRIPLINE_DEPS_PREFIX}" libcurl.a curl/curl.h DEFINE CURL_STATICLIB
        LINK deps::ssl deps::zlib ws2_32 crypt32 bcrypt secur32 iphlpapi advapi32)
    built_library(sqlite3 "${TRIPLINE_DEPS_PREFIX}" libsqlite3.a sqlite3.h)
    built_library(jansson "${TRIPLINE_DEPS_PREFIX}" libjansson.a jansson.h LINK advapi32)
    built_library(yaml "${TRIPLINE_DEPS_PREFIX}" libyaml.a yaml.h DEFINE YAML_DECLARE_STATIC)
    built_library(pcre2 "${TRIPLINE_DEPS_PREFIX}" libpcre2-8.a pcre2.h DEFINE PCRE2_STATIC)
    built_library(cunit "${TRIPLINE_DEPS_PREFIX}" libcunit.a CUnit/Basic.h)
else()
    find_package(PkgConfig)
    if(NOT PkgConfig_FOUND)
        message(FATAL_ERROR "pkg-config is missing: install the Debian package pkg-config")
    endif()
    host_library(expat expat libexpat1-dev)
    host_library(ssl libssl libssl-dev)
    host_library(crypto libcrypto libssl-dev)
    host_library(sqlite3 sqlite3 libsqlite3-dev)
    host_library(jansson jansson libjansson-dev)
    host_library(zlib zlib zlib1g-dev)
    host_library(yaml yaml-0.1 libyaml-dev)
    host_library(pcre2 libpcre2-8 libpcre2-dev)
    set(TRIPLINE_CURL_PREFIX "" CACHE PATH "What cmake/deps/build-deps.sh --host built; empty: Debian's libcurl")
    if(TRIPLINE_CURL_PREFIX)
        built_library(curl "${TRIPLINE_CURL_PREFIX}" libcurl.a curl/curl.h DEFINE CURL_STATICLIB
            LINK deps::ssl deps::crypto deps::zlib)
    else()
        message(STATUS "Debian's libcurl, with its thirty libraries; ./dev build host makes a small one")
        host_library(curl libcurl libcurl4-openssl-dev)
    endif()
    if(NOT DEFINED BUILD_TESTING OR BUILD_TESTING)
        host_library(cunit cunit libcunit1-dev)
    endif()
endif()
