// Final stores from parts: some pairs of a lead time at once (half a gigabyte of fields), tile by tile, so that memory
// does not grow with members, pairs or parts.
//
// What is written is a function of the spec and of the members that the parts hold together: not of their split, nor of
// the order in which they come.
#pragma once

#include "statistics/merge.h"
#include "statistics/statistics_layout.h"

namespace hens {

// Writes a store: a Zarr v3 store into the folder `path`, a netCDF-4 file of that name, or a GRIB2 file with its index.
// `sources[time]`: disjoint parts of each of the store's initial times, which hold() `plan`; `first_member` is (initial
// time * models + model) * members_of_a_model, of what is taken together. Returns its files, their paths relative to
// the store (of netCDF: to the folder it lies in).
std::vector<StoredFile> write_statistics_store(const fs::path& path, StoreFormat format, const StatisticsLayout& layout,
                                               const std::vector<PairPlan>& plan,
                                               const std::vector<std::vector<PartSource>>& sources);

}  // namespace hens
