#include "package/static_field.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <netcdf.h>
#include <netcdf_mem.h>
#include <utility>

#include "base/decoder.h"
#include "base/error.h"
#include "base/file_kind.h"
#include "base/netcdf_lock.h"

namespace hens {
namespace {

// An open netCDF file; every call through it is checked.
class NetcdfFile {
 public:
  NetcdfFile(const fs::path& path, int id, ExitCode code) : path_(path), id_(id), code_(code) {}
  NetcdfFile(const NetcdfFile&) = delete;
  NetcdfFile& operator=(const NetcdfFile&) = delete;
  ~NetcdfFile() {
    if (id_ >= 0) nc_abort(id_);
  }

  int id() const { return id_; }
  void check(int status, const char* what) const {
    if (status != NC_NOERR) fail(code_, "{}: {}: {}", path_.string(), what, nc_strerror(status));
  }
  void forget() { id_ = -1; }

 private:
  const fs::path& path_;
  int id_;
  ExitCode code_;
};

int open_for_reading(const fs::path& path) {
  check_regular_file(path);
  int id = -1;
  const int status = nc_open(path.c_str(), NC_NOWRITE, &id);
  if (status != NC_NOERR)
    fail(ExitCode::bad_input, "{}: cannot be read as netCDF: {}{}", path.string(), nc_strerror(status),
         file_kind_hint(path, "netCDF"));
  return id;
}

std::vector<size_t> dimensions_of(const NetcdfFile& file, int variable) {
  int rank = 0;
  file.check(nc_inq_varndims(file.id(), variable, &rank), "dimensions");
  std::vector<int> ids(rank);
  file.check(nc_inq_vardimid(file.id(), variable, ids.data()), "dimensions");
  std::vector<size_t> sizes(rank);
  for (int k = 0; k < rank; ++k) file.check(nc_inq_dimlen(file.id(), ids[k], &sizes[k]), "dimensions");
  return sizes;
}

bool fits(const std::vector<size_t>& sizes, const LatLonGrid& grid) {
  if (sizes.size() < 2 || sizes.end()[-2] != grid.lat.size() || sizes.end()[-1] != grid.lon.size()) return false;
  return std::all_of(sizes.begin(), sizes.end() - 2, [](size_t n) { return n == 1; });
}

// Where the file has coordinates, they must be the grid's: a field upside down has the right shape too.
void check_axis(const fs::path& path, const NetcdfFile& file, std::initializer_list<const char*> names,
                const std::vector<double>& expected) {
  for (const char* name : names) {
    int id = -1;
    if (nc_inq_varid(file.id(), name, &id) != NC_NOERR) continue;
    if (dimensions_of(file, id) != std::vector<size_t>{expected.size()}) continue;
    std::vector<double> values(expected.size());
    file.check(nc_get_var_double(file.id(), id, values.data()), name);
    for (size_t k = 0; k < values.size(); ++k) {
      if (!(std::abs(values[k] - expected[k]) <= 0.01)) {
        fail(ExitCode::bad_input, "{}: {}[{}] is {}, the package's grid has {}", path.string(), name, k, values[k],
             expected[k]);
      }
    }
  }
}

void check_unpacked(const fs::path& path, const NetcdfFile& file, int variable, const std::string& name) {
  for (const char* packing : {"scale_factor", "add_offset"}) {
    if (nc_inq_attid(file.id(), variable, packing, nullptr) == NC_NOERR) {
      fail(ExitCode::bad_input, "{}: {} is packed ({}); unpack it, the network was trained on plain numbers",
           path.string(), name, packing);
    }
  }
}

struct Axis {
  const char* name;
  const char* units;
  const char* standard_name;
  std::vector<double> values;
};

void put_text(const NetcdfFile& file, int variable, const char* name, const std::string& text) {
  file.check(nc_put_att_text(file.id(), variable, name, text.size(), text.data()), name);
}

int define_axis(const NetcdfFile& file, const Axis& axis, int& variable) {
  int dimension = -1;
  file.check(nc_def_dim(file.id(), axis.name, axis.values.size(), &dimension), axis.name);
  file.check(nc_def_var(file.id(), axis.name, NC_DOUBLE, 1, &dimension, &variable), axis.name);
  put_text(file, variable, "units", axis.units);
  put_text(file, variable, "standard_name", axis.standard_name);
  return dimension;
}

void fill(const NetcdfFile& file, const StaticField& field, const LatLonGrid& grid) {
  const Axis axes[] = {{"time", "hours since 1900-01-01 00:00:00", "time", {0.0}},
                       {"latitude", "degrees_north", "latitude", grid.lat},
                       {"longitude", "degrees_east", "longitude", grid.lon}};
  int dimensions[3], variables[3], variable = -1;
  for (int k = 0; k < 3; ++k) dimensions[k] = define_axis(file, axes[k], variables[k]);
  file.check(nc_def_var(file.id(), field.name.c_str(), NC_FLOAT, 3, dimensions, &variable), "define");
  put_text(file, variable, "units", field.units);
  put_text(file, variable, "long_name", field.long_name);
  file.check(nc_enddef(file.id()), "define");
  for (int k = 0; k < 3; ++k)
    file.check(nc_put_var_double(file.id(), variables[k], axes[k].values.data()), axes[k].name);
  file.check(nc_put_var_float(file.id(), variable, field.values.data()), "write");
}

std::vector<float> read_here(const fs::path& path, const std::string& name, const LatLonGrid& grid) {
  const NetcdfLock lock;
  const NetcdfFile file(path, open_for_reading(path), ExitCode::bad_input);
  int variable = -1;
  if (nc_inq_varid(file.id(), name.c_str(), &variable) != NC_NOERR) {
    fail(ExitCode::bad_input, "{}: has no variable {}", path.string(), name);
  }
  if (!fits(dimensions_of(file, variable), grid)) {
    fail(ExitCode::bad_input, "{}: {} does not have the shape of the package's grid, [1, {}, {}]", path.string(), name,
         grid.nlat(), grid.nlon());
  }
  check_axis(path, file, {"latitude", "lat"}, grid.lat);
  check_axis(path, file, {"longitude", "lon"}, grid.lon);
  check_unpacked(path, file, variable, name);
  std::vector<float> values(grid.points());
  file.check(nc_get_var_float(file.id(), variable, values.data()), name.c_str());
  for (size_t k = 0; k < values.size(); ++k) {
    if (!std::isfinite(values[k])) {
      fail(ExitCode::bad_input, "{}: {} is {} at row {}, column {}", path.string(), name, values[k],
           k / grid.lon.size(), k % grid.lon.size());
    }
  }
  return values;
}

// Reads one field and ends.
class StaticFieldSession : public DecodeSession {
 public:
  DecodeMessage answer(const DecodeMessage& request) override {
    const nlohmann::json& facts = request.facts;
    const LatLonGrid grid{facts.at("lat").get<std::vector<double>>(), facts.at("lon").get<std::vector<double>>()};
    const auto& path = facts.at("path").get_binary();
    const auto field = std::make_shared<const std::vector<float>>(
        read_here(std::string(path.begin(), path.end()), facts.at("name"), grid));
    return {nlohmann::json::object(), std::as_bytes(std::span(*field)), {}, field};
  }
};

std::unique_ptr<DecodeSession> make_session() { return std::make_unique<StaticFieldSession>(); }

}  // namespace

std::vector<float> read_static_field(const fs::path& path, const std::string& name, const LatLonGrid& grid) {
  const std::string file = path.string();
  Decoder decoder(make_session);
  const nlohmann::json facts{{"path", nlohmann::json::binary({file.begin(), file.end()})},
                             {"name", name},
                             {"lat", grid.lat},
                             {"lon", grid.lon}};
  const DecodeMessage answer = decoder.call({facts, {}, {}}, fmt::format("{}: {}", file, name));
  std::vector<float> field(grid.points());
  if (answer.data.size() != field.size() * sizeof(float)) {
    fail(ExitCode::bad_input, "{}: {}: {} bytes came of a field of {} points", file, name, answer.data.size(),
         field.size());
  }
  std::memcpy(field.data(), answer.data.data(), answer.data.size());
  return field;
}

void write_static_field(const fs::path& path, const StaticField& field, const LatLonGrid& grid) {
  const NetcdfLock lock;
  int id = -1;
  // Made in memory, so that the file is published whole like every other. HDF5 keeps no times of its objects here.
  const int status = nc_create_mem(path.filename().c_str(), NC_NETCDF4, grid.points() * sizeof(float), &id);
  if (status != NC_NOERR) fail(ExitCode::io, "{}: cannot make netCDF: {}", path.string(), nc_strerror(status));
  NetcdfFile file(path, id, ExitCode::io);
  fill(file, field, grid);
  NC_memio memory{};
  file.forget();
  if (const int closed = nc_close_memio(id, &memory); closed != NC_NOERR) {
    fail(ExitCode::io, "{}: cannot finish netCDF: {}", path.string(), nc_strerror(closed));
  }
  const std::unique_ptr<void, decltype(&std::free)> owner(memory.memory, &std::free);
  publish_file(path, {static_cast<const char*>(memory.memory), memory.size});
}

}  // namespace hens
