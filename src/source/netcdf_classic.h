// Whether a classic netCDF file (CDF-1, CDF-2, CDF-5) is whole: netCDF-C reads what lies beyond its end as zeros, which
// would be calm air.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace hens {

// Throws Error{bad_input} naming `origin` where `bytes` is a classic file that ends before the last value of a
// variable, or whose header is damaged. Does nothing for other formats. Format: NetCDF Classic Format Specification,
// Unidata.
void check_classic_netcdf(std::span<const std::byte> bytes, const std::string& origin);

}  // namespace hens
