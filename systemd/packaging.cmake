# `cpack` in a build directory makes the .deb files, in build/packages/ of the source tree.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME psmoved)
set(CPACK_PACKAGE_VENDOR "The psmoved authors")
set(PSMOVED_MAINTAINER "The psmoved authors <psmoved@localhost>" CACHE STRING "Who answers for the packages")
set(CPACK_PACKAGE_CONTACT ${PSMOVED_MAINTAINER})
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "")  # each package's description has its own first line
set(CPACK_PACKAGE_DIRECTORY ${CMAKE_SOURCE_DIR}/build/packages)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_COMPONENTS_ALL psmoved psmove-emulator)
set(CPACK_COMPONENTS_GROUPING ONE_PER_GROUP)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)

set(CPACK_DEBIAN_PSMOVED_PACKAGE_NAME psmoved)
set(CPACK_DEBIAN_PSMOVED_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PSMOVED_PACKAGE_DEPENDS "systemd | systemd-standalone-sysusers, udev")
set(CPACK_DEBIAN_PSMOVED_PACKAGE_RECOMMENDS bluez)
set(CPACK_DEBIAN_PSMOVED_PACKAGE_SUGGESTS "psmove-emulator, avahi-daemon")
set(CPACK_DEBIAN_PSMOVED_DESCRIPTION "PlayStation Move controllers on the network
A daemon that finds PlayStation Move controllers on Bluetooth and USB,
calibrates and fuses their sensors, and offers them, their light and their
rumble to any program: REST for scripts, one WebSocket for streams, on port
6683 of this machine. psmovectl does the same from the command line.")
set(CPACK_DEBIAN_PSMOVED_PACKAGE_CONTROL_EXTRA
  ${CMAKE_CURRENT_LIST_DIR}/debian/postinst ${CMAKE_CURRENT_LIST_DIR}/debian/prerm
  ${CMAKE_CURRENT_LIST_DIR}/debian/postrm ${CMAKE_CURRENT_LIST_DIR}/debian/conffiles)

set(CPACK_DEBIAN_PSMOVE-EMULATOR_PACKAGE_NAME psmove-emulator)
set(CPACK_DEBIAN_PSMOVE-EMULATOR_PACKAGE_SECTION devel)
set(CPACK_DEBIAN_PSMOVE-EMULATOR_PACKAGE_ENHANCES psmoved)
set(CPACK_DEBIAN_PSMOVE-EMULATOR_DESCRIPTION "PlayStation Move controllers that are not there
Makes PlayStation Move controllers behind the kernel's own doors (/dev/uhid,
virtual USB ports, virtual Bluetooth adapters), moving, with buttons,
batteries and faults by script, so that psmoved or any other program can be
tested without one.")

# What Debian wants beside every package's programs: its licence, its history, and its manual pages packed.
find_program(GZIP gzip REQUIRED)
function(packed source built folder name component)
  configure_file(${CMAKE_CURRENT_SOURCE_DIR}/${source} ${CMAKE_CURRENT_BINARY_DIR}/${built} @ONLY)
  execute_process(COMMAND ${GZIP} -9nkf ${CMAKE_CURRENT_BINARY_DIR}/${built} COMMAND_ERROR_IS_FATAL ANY)
  install(FILES ${CMAKE_CURRENT_BINARY_DIR}/${built}.gz DESTINATION ${folder} RENAME ${name} COMPONENT ${component})
endfunction()
foreach(package psmoved psmove-emulator)
  install(FILES ${CMAKE_SOURCE_DIR}/LICENSE DESTINATION share/doc/${package} RENAME copyright COMPONENT ${package})
  packed(debian/changelog.in ${package}-changelog share/doc/${package} changelog.gz ${package})
endforeach()
packed(man/psmoved.8 psmoved.8 share/man/man8 psmoved.8.gz psmoved)
packed(man/psmoved.toml.5 psmoved.toml.5 share/man/man5 psmoved.toml.5.gz psmoved)
packed(man/psmoved-bluez.8 psmoved-bluez.8 share/man/man8 psmoved-bluez.8.gz psmoved)
packed(../clients/psmovectl/psmovectl.1 psmovectl.1 share/man/man1 psmovectl.1.gz psmoved)
packed(man/psmove-emulator.1 psmove-emulator.1 share/man/man1 psmove-emulator.1.gz psmove-emulator)

include(CPack)
