// Functions that the host runs and, where nvcc compiles them, the GPU: one text, so that both make the same numbers.
#pragma once

#ifdef __CUDACC__
#define HENS_HOST_DEVICE __host__ __device__ inline
#else
#define HENS_HOST_DEVICE inline
#endif
