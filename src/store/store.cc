#include "store/store.h"

#include <stdexcept>

#include "base/checksum.h"
#include "store/grib_store.h"
#include "store/netcdf_store.h"
#include "store/zarr_store.h"

namespace hens {

std::vector<StoredFile> publish_files(const fs::path& folder, const std::vector<PrescribedFile>& files) {
  std::vector<StoredFile> stored;
  for (const PrescribedFile& file : files) {
    publish_file(folder / file.path, file.bytes);
    stored.push_back({file.path, file.bytes.size(), sha256_hex(file.bytes)});
  }
  return stored;
}

std::unique_ptr<Store> open_store(const fs::path& folder, const StoreLayout& layout) {
  switch (layout.format) {
    case StoreFormat::zarr:
      return open_zarr_store(folder, layout);
    case StoreFormat::netcdf:
      return open_netcdf_store(folder, layout);
    case StoreFormat::grib2:
      return open_grib_store(folder, layout);
  }
  throw std::logic_error("a store of no known format");
}

}  // namespace hens
