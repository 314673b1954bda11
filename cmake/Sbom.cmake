# What the program is made of, beside it: sasrec.spdx.json, made anew with each link by
# ops/sbom, which asks Debian's package manager. Elsewhere there is none.
find_package(Python3 COMPONENTS Interpreter)
find_program(DPKG_QUERY dpkg-query)
if(NOT Python3_FOUND OR NOT DPKG_QUERY OR SASREC_SANITIZE)
  return()
endif()

set(sbom ${PROJECT_BINARY_DIR}/sasrec.spdx.json)
add_custom_command(
  OUTPUT ${sbom}
  COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/ops/sbom $<TARGET_FILE:sasrec> ${sbom}
          --page ${PROJECT_BINARY_DIR}/ui/dist "$<$<BOOL:${SASREC_LINKED_IN}>:--static=${SASREC_LINKED_IN}>"
  DEPENDS sasrec ${PROJECT_SOURCE_DIR}/ops/sbom
  COMMENT "Listing what the program is made of"
  COMMAND_EXPAND_LISTS VERBATIM)
add_custom_target(sasrec_sbom ALL DEPENDS ${sbom})
install(FILES ${sbom} DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT program)
