# The Debian package: cpack in the build folder makes sasrec_VERSION_ARCH.deb. Its parts are
# the component "program", which cmake --install has too, and "debian": what belongs to
# Debian's places and formats. How it is tried: tests/packages/run.
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sasrec)
set(CPACK_PACKAGE_CONTACT "The authors of sasrec <sasrec@packages.example.org>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "recommender that learns from what people did in which order")
set(CPACK_PACKAGE_DESCRIPTION
"Learns a SASRec model (self-attentive sequential recommendation) from the
interactions in PostgreSQL, and answers what comes next: over HTTP, at once or
as durable jobs, and over Kafka, where the same program runs as separate roles.")
set(CPACK_COMPONENTS_ALL program debian)
set(CPACK_COMPONENTS_GROUPING ALL_COMPONENTS_IN_ONE)
set(CPACK_DEB_COMPONENT_INSTALL ON)
# /etc and /lib are not below /usr.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser, debconf (>= 0.5) | debconf-2.0, procps")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "postgresql-client, python3-venv") # the marts
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "postgresql, prometheus-node-exporter")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
foreach(script config postinst prerm postrm templates conffiles)
  list(APPEND CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${PROJECT_SOURCE_DIR}/ops/debian/${script})
endforeach()
include(CPack)

# What is made: settings from the program's own table, Debian's compressed texts, the
# licences of what the page carries.
set(package ${PROJECT_BINARY_DIR}/package)
list(TRANSFORM SASREC_LINKED_IN REPLACE "(.+)" "/usr/share/doc/\\1/copyright"
     OUTPUT_VARIABLE linked_in)
set(made ${package}/sasrec.conf ${package}/sasrec.1.gz ${package}/changelog.Debian.gz
         ${package}/copyright)
configure_file(ops/debian/changelog.in ${package}/changelog @ONLY)
add_custom_command(OUTPUT ${made}
  COMMAND sasrec config --template --config /dev/null --pghost /run/postgresql
          --checkpoints /var/lib/sasrec/checkpoints > ${package}/sasrec.conf
  COMMAND gzip -9nc ${PROJECT_BINARY_DIR}/cli/sasrec.1 > ${package}/sasrec.1.gz
  COMMAND gzip -9nc ${package}/changelog > ${package}/changelog.Debian.gz
  COMMAND cat ${PROJECT_SOURCE_DIR}/ops/debian/copyright
          ${PROJECT_BINARY_DIR}/ui/dist/licenses-*.txt ${linked_in} | sed -f
          ${PROJECT_SOURCE_DIR}/ops/debian/copyright.sed > ${package}/copyright
  DEPENDS sasrec sasrec_manual ${package}/changelog ops/debian/copyright
          ops/debian/copyright.sed)
add_custom_target(sasrec_package_files ALL DEPENDS ${made})

# debian_file(FOLDER FILE...): for the package alone.
function(debian_file folder)
  install(FILES ${ARGN} DESTINATION ${folder} COMPONENT debian EXCLUDE_FROM_ALL)
endfunction()
function(debian_script folder)
  install(PROGRAMS ${ARGN} DESTINATION ${folder} COMPONENT debian EXCLUDE_FROM_ALL)
endfunction()

set(ops ${PROJECT_SOURCE_DIR}/ops)
debian_file(/etc/sasrec ${package}/sasrec.conf)
debian_file(share/man/man1 ${package}/sasrec.1.gz)
debian_file(share/zsh/vendor-completions ${PROJECT_BINARY_DIR}/cli/_sasrec)
debian_file(share/doc/sasrec ${package}/changelog.Debian.gz ${package}/copyright
            ${PROJECT_SOURCE_DIR}/README.md)
if(TARGET sasrec_sbom)
  debian_file(share/doc/sasrec ${PROJECT_BINARY_DIR}/sasrec.spdx.json)
endif()
file(GLOB docs CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.md)
debian_file(share/doc/sasrec/docs ${docs})
debian_file(share/doc/sasrec/proto ${PROJECT_SOURCE_DIR}/proto/PROTOCOL.md
            ${PROJECT_SOURCE_DIR}/proto/asyncapi.yaml)
foreach(unit sasrec@.service sasrec-train.service sasrec-train.timer sasrec-dbt.service
             sasrec-dbt.timer)
  debian_file(/lib/systemd/system ${ops}/systemd/${unit})
endforeach()
# A drop-in of sasrec-train.service and sasrec-dbt.service is one of their common beginning.
foreach(units sasrec@ sasrec-)
  debian_file(/lib/systemd/system/${units}.service.d ${ops}/systemd/sandbox.conf)
endforeach()
# The marts, as in the source: ops/dbt finds the rest by where it stands.
debian_script(share/sasrec/ops ${ops}/dbt)
debian_file(share/sasrec/ops ${ops}/common.sh)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/dbt DESTINATION share/sasrec COMPONENT debian
        EXCLUDE_FROM_ALL
        PATTERN .gitignore EXCLUDE PATTERN __pycache__ EXCLUDE PATTERN target EXCLUDE
        PATTERN logs EXCLUDE PATTERN *.in EXCLUDE)
