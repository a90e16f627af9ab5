# What `make install` puts where, relative to the prefix. Everything finds everything else by relative paths, so that a
# whole prefix can be moved; that is why lib is lib, with no multiarch folder in it.
set_target_properties(npurt PROPERTIES VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR})
set_target_properties(npurt_cli PROPERTIES INSTALL_RPATH "$ORIGIN/../lib")

install(TARGETS npurt_cli RUNTIME DESTINATION bin)
install(TARGETS npurt npuemu_lib LIBRARY DESTINATION lib)
install(TARGETS npuemu RUNTIME DESTINATION libexec/npurt)
install(TARGETS npurt_aicpu npurt_dispatcher npurt_aicore LIBRARY DESTINATION lib/npurt/emu)
install(DIRECTORY ${CMAKE_BINARY_DIR}/lib/cann DESTINATION lib)
install(DIRECTORY ${CMAKE_BINARY_DIR}/lib/npurt/examples DESTINATION lib/npurt)
if(NPURT_CROSS_CC)
  install(DIRECTORY ${CMAKE_BINARY_DIR}/lib/npurt/silicon DESTINATION lib/npurt)
endif()
install(DIRECTORY include/npurt DESTINATION include FILES_MATCHING PATTERN "*.h")
install(DIRECTORY docs DESTINATION share/doc/npurt)
install(FILES README.md LICENSE DESTINATION share/doc/npurt)

include(CMakePackageConfigHelpers)
configure_file(cmake/npurt.pc.in ${CMAKE_BINARY_DIR}/npurt.pc @ONLY)
configure_file(cmake/npurt-config.cmake.in ${CMAKE_BINARY_DIR}/npurt-config.cmake @ONLY)
write_basic_package_version_file(${CMAKE_BINARY_DIR}/npurt-config-version.cmake COMPATIBILITY SameMajorVersion)
install(FILES ${CMAKE_BINARY_DIR}/npurt.pc DESTINATION lib/pkgconfig)
install(FILES ${CMAKE_BINARY_DIR}/npurt-config.cmake ${CMAKE_BINARY_DIR}/npurt-config-version.cmake cmake/npurt-bundle.cmake
        DESTINATION lib/cmake/npurt)
