# Everything comes from Debian's packages (ops/packages.txt), found by pkg-config.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

function(sasrec_dependency name module)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${module})
  add_library(deps::${name} ALIAS PkgConfig::${name})
endfunction()

sasrec_dependency(jansson jansson)
sasrec_dependency(sodium libsodium)
sasrec_dependency(crypto libcrypto)
sasrec_dependency(uuid uuid)
sasrec_dependency(zlib zlib)
sasrec_dependency(zstd libzstd)
sasrec_dependency(czmq libczmq)
sasrec_dependency(zmq libzmq)
sasrec_dependency(pq libpq)
sasrec_dependency(rdkafka rdkafka)
sasrec_dependency(ulfius libulfius)
option(SASREC_SLIM_BLAS "link what is used of OpenBLAS into the program" OFF)
if(SASREC_SLIM_BLAS)
  pkg_check_modules(openblas REQUIRED openblas)
  include(cmake/SlimBlas.cmake)
else()
  sasrec_dependency(openblas openblas)
endif()
sasrec_dependency(microhttpd libmicrohttpd)
sasrec_dependency(yder libyder)
sasrec_dependency(gnutls gnutls)
sasrec_dependency(curl libcurl)
if(NOT SASREC_SANITIZE) # sanitizers have an allocator of their own
  sasrec_dependency(jemalloc jemalloc)
endif()

# Right but slow, see docs/training.md. A cache from before the package was changed says
# the same; --fresh forgets it.
if("${openblas_LIBDIR} ${openblas_LINK_LIBRARIES}" MATCHES "openblas-serial")
  message(WARNING "the serial OpenBLAS multiplies on one thread at a time: install "
                  "libopenblas-pthread-dev and configure again with cmake --fresh")
endif()
