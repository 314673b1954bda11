# OpenBLAS, linked into the program where its archive is: only what is used of it, so without
# LAPACK and Fortran's libraries (of which libquadmath makes each printf of a process slow), and
# with a set of kernels for each level of x86-64 instead of one for each of 19 CPUs. A quarter
# of the library's 40 MB; the kernels that a CPU of the last ten years gets are as quick.
sasrec_dependency(openblas openblas)

# Right but slow, see docs/training.md. A cache from before the package was changed says
# the same; --fresh forgets it.
if("${openblas_LIBDIR} ${openblas_LINK_LIBRARIES}" MATCHES "openblas-serial")
  message(WARNING "the serial OpenBLAS multiplies on one thread at a time: install "
                  "libopenblas-pthread-dev and configure again with cmake --fresh")
endif()

set(archive ${openblas_LIBDIR}/libopenblas.a)
add_library(sasrec_blas INTERFACE)
target_include_directories(sasrec_blas INTERFACE ${openblas_INCLUDE_DIRS})
if(NOT EXISTS ${archive})
  target_link_libraries(sasrec_blas INTERFACE deps::openblas)
  return()
endif()
target_link_libraries(sasrec_blas INTERFACE ${archive} Threads::Threads m)
set(SASREC_LINKED_IN libopenblas-pthread-dev) # packages whose archives are in the program

# gotoblas_NAME is the table of a CPU's kernels, which OpenBLAS chooses one of when it starts.
# A table under another's name is not taken out of the archive. Each stands for CPUs that can
# do all of what it uses: PRESCOTT is SSE3, SANDYBRIDGE AVX, HASWELL AVX2, SKYLAKEX AVX-512.
set(stands_for_PRESCOTT ATOM BARCELONA BOBCAT CORE2 DUNNINGTON NANO NEHALEM OPTERON OPTERON_SSE3
    PENRYN)
set(stands_for_SANDYBRIDGE BULLDOZER EXCAVATOR PILEDRIVER STEAMROLLER)
set(stands_for_HASWELL ZEN)
set(stands_for_SKYLAKEX COOPERLAKE)
if(CMAKE_SYSTEM_PROCESSOR STREQUAL "x86_64")
  foreach(table PRESCOTT SANDYBRIDGE HASWELL SKYLAKEX)
    foreach(cpu ${stands_for_${table}})
      target_link_options(sasrec_blas INTERFACE
                          -Wl,--defsym=gotoblas_${cpu}=gotoblas_${table})
    endforeach()
  endforeach()
endif()
