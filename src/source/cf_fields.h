// Datasets of the user's as fields: finds a channel's variable, its time and its level by CF's rules, in any order of
// axes, in netCDF files and in Zarr stores.
#pragma once

#include "source/file_source.h"
#include "source/zarr_objects.h"

namespace hens {

// Variables may be named by channel with dimensions (time, lat, lon), as hens and Earth2Studio write them (a lead time
// and members, too), or as ERA5's files and WeatherBench's stores are, with a dimension of levels in hPa or Pa. Packed
// values are unpacked, and values in other units that convert exactly (knots, hPa, degC, heights in m) come in the
// channel's. Where a field is there more than once, as in files of ERA5 and ERA5T with a dimension `expver`, the one
// with values is taken; two that differ are refused. Of several forecasts valid at one time `choice` says which;
// without a lead time that with the shortest is taken, and without a member there may be one only.
//
// Throws Error{bad_input} naming `origin`.
std::unique_ptr<FieldFile> open_netcdf_fields(const fs::path& path, const std::string& origin,
                                              const ForecastChoice& choice = {});

// The same of a Zarr store (zarr_dataset.h). A field of which a chunk was never written is not there.
std::unique_ptr<FieldFile> open_zarr_fields(std::shared_ptr<const ZarrObjects> objects, const std::string& origin,
                                            const ForecastChoice& choice = {});

// The same of a climatology in netCDF, which has values of no certain year: with dimensions dayofyear (1..366), month
// (1..12) and hour that the wanted time is looked up in, as far as the variable has them, and with no time or one of
// one entry. Its quantiles are variables t2m_quantile, or t2m, with a dimension quantile of levels 0 to 1.
std::unique_ptr<FieldFile> open_climatology(const fs::path& path, const std::string& origin);

}  // namespace hens
