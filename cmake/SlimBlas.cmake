# OpenBLAS from its archive, for the container image (SASREC_SLIM_BLAS): without LAPACK, and
# with a set of kernels for each level of x86-64 instead of one for each of 19 CPUs. A quarter
# of the library's 40 MB; the kernels that a CPU of the last ten years gets are the same ones.
set(archive ${openblas_LIBDIR}/libopenblas.a)
if(NOT EXISTS ${archive})
  message(FATAL_ERROR "SASREC_SLIM_BLAS needs ${archive} (libopenblas-pthread-dev)")
endif()
add_library(sasrec_slim_blas INTERFACE)
target_include_directories(sasrec_slim_blas INTERFACE ${openblas_INCLUDE_DIRS})
target_link_libraries(sasrec_slim_blas INTERFACE ${archive} Threads::Threads m)
add_library(deps::openblas ALIAS sasrec_slim_blas)

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
      target_link_options(sasrec_slim_blas INTERFACE
                          -Wl,--defsym=gotoblas_${cpu}=gotoblas_${table})
    endforeach()
  endforeach()
endif()
