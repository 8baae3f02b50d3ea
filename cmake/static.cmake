# libvkyc.a, vkyc.h and vkyc.pc: everything in one library, the Lua files too. Included by CMakeLists.txt when VKYC_STATIC is on.
file(GLOB_RECURSE VKYC_EMBEDDED CONFIGURE_DEPENDS lua/*.lua)
# A file that went away leaves nothing newer behind: the list itself is what the table depends on.
file(GENERATE OUTPUT ${CMAKE_BINARY_DIR}/embedded.list CONTENT "${VKYC_EMBEDDED}\n")
add_custom_command(
  OUTPUT ${CMAKE_BINARY_DIR}/embedded.c
  COMMAND ${CMAKE_COMMAND} -D LUA_DIRECTORY=${CMAKE_SOURCE_DIR}/lua -D OUTPUT=${CMAKE_BINARY_DIR}/embedded.c -P ${CMAKE_SOURCE_DIR}/cmake/embed_lua.cmake
  DEPENDS ${VKYC_EMBEDDED} ${CMAKE_BINARY_DIR}/embedded.list cmake/embed_lua.cmake
  VERBATIM)

add_library(vkyc STATIC $<TARGET_OBJECTS:vkyc_core> ${VKYC_CURL_SOURCES} ${VKYC_LUA_SOURCES} ${VKYC_CURL_LUA_SOURCES} src/lua/preload.c
                        ${CMAKE_BINARY_DIR}/embedded.c)
target_include_directories(vkyc PRIVATE src/lua)
target_include_directories(vkyc SYSTEM PRIVATE ${LUA_INCDIR})
target_compile_definitions(vkyc PRIVATE VKYC_VERSION="${VKYC_VERSION}")
target_link_libraries(vkyc PRIVATE vkyc_options OpenSSL::Crypto PkgConfig::CURL Threads::Threads)

# Libraries by their names, not as packages that vkyc.pc requires: `pkg-config --static` would then ask for all that libcurl is made of, also
# where libcurl is shared and its parts have no development files. Who links libcurl.a adds it: pkg-config --static --libs vkyc libcurl.
get_filename_component(_crypto ${OPENSSL_CRYPTO_LIBRARY} DIRECTORY)
set(VKYC_PC_LIBS ${CURL_LDFLAGS})
if(NOT _crypto IN_LIST CMAKE_C_IMPLICIT_LINK_DIRECTORIES)
  list(APPEND VKYC_PC_LIBS -L${_crypto})
endif()
list(APPEND VKYC_PC_LIBS -lcrypto -lm -pthread)
string(REPLACE ";" " " VKYC_PC_LIBS "${VKYC_PC_LIBS}")
configure_file(cmake/vkyc.pc.in ${CMAKE_BINARY_DIR}/vkyc.pc @ONLY)

install(TARGETS vkyc ARCHIVE DESTINATION lib)
install(FILES src/lua/vkyc.h DESTINATION include)
install(FILES ${CMAKE_BINARY_DIR}/vkyc.pc DESTINATION lib/pkgconfig)
