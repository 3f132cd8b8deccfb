// A netCDF file of the user's as fields: finds a channel's variable, its time and its level by CF's rules, in any order
// of axes.
#pragma once

#include "source/file_source.h"

namespace hens {

// Variables may be named by channel with dimensions (time, lat, lon), as hens and Earth2Studio write them (a lead time
// and an ensemble of one member too), or as ERA5's files are, with a dimension of levels in hPa or Pa. Packed values
// are unpacked, and values in other units that convert exactly (knots, hPa, degC, heights in m) come in the channel's.
// Where a field is there more than once, as in files of ERA5 and ERA5T with a dimension `expver`, the one with values
// is taken; two that differ are refused. Throws Error{bad_input} naming `origin`.
std::unique_ptr<FieldFile> open_netcdf_fields(const fs::path& path, const std::string& origin);

// The same of a climatology, which has values of no certain year: with dimensions dayofyear (1..366), month (1..12) and
// hour that the wanted time is looked up in, as far as the variable has them, and with no time or one of one entry.
// Its quantiles are variables t2m_quantile, or t2m, with a dimension quantile of levels 0 to 1.
std::unique_ptr<FieldFile> open_climatology(const fs::path& path, const std::string& origin);

}  // namespace hens
