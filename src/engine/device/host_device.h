// Functions that both the host and, where nvcc compiles, the GPU run.
#pragma once

#ifdef __CUDACC__
#define HENS_HD __host__ __device__ __forceinline__
#define HENS_UNROLL _Pragma("unroll")
#else
#define HENS_HD inline
#define HENS_UNROLL
#endif
