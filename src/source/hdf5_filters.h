// HDF5's filters: those that a file may be compressed with, and what to say of the others.
//
// HDF5 loads unknown filters as plug-ins from folders of the machine. The NetcdfLock switches that off, since an
// untrusted file must not choose code to load; zstd and blosc, which analyses come in, are decoded here instead. To be
// called under that lock.
#pragma once

#include <span>
#include <string>

namespace hens {

// Makes HDF5 (and netCDF-C above it) read zstd and blosc. May be called again.
void register_hdf5_filters();

// Of the filters `ids`, those that this program cannot undo, by name, with the remedy: "compressed by lz4 (HDF5 filter
// 32004), which ...". Empty where it has them all.
std::string missing_filters(std::span<const unsigned> ids);

}  // namespace hens
