#include "store/netcdf_output.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <fcntl.h>
#include <limits>
#include <netcdf.h>
#include <unistd.h>
#include <utility>

#include <fmt/ranges.h>

#include "base/error.h"
#include "base/netcdf_lock.h"

namespace hens {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t piece_bytes = size_t{1} << 20;

// A name that remove_stale_temporaries() knows, for the moment that the scratch file has one.
fs::path scratch_name(const fs::path& final_path) {
  static std::atomic<uint64_t> counter{0};
  return final_path.parent_path() /
         fmt::format(".{}.scratch.{}-{}.tmp", final_path.filename().string(), ::getpid(), counter++);
}

nc_type number_type(const std::vector<double>&) { return NC_DOUBLE; }
nc_type number_type(const std::vector<int64_t>&) { return NC_INT64; }
nc_type number_type(const std::vector<int32_t>&) { return NC_INT; }
nc_type number_type(const std::vector<std::string>&) { return NC_STRING; }

// Of a dimension that may grow nc_put_var would write as much as there is: nothing.
template <typename Number>
int put_coordinate(int file, int variable, const Coordinate& coordinate, const std::vector<Number>& values) {
  if (!coordinate.unlimited) return nc_put_var(file, variable, values.data());
  const size_t start = 0;
  return nc_put_vara(file, variable, &start, coordinate.shape.data(), values.data());
}
int put_coordinate(int file, int variable, const Coordinate&, const std::vector<std::string>& texts) {
  std::vector<const char*> pointers;
  for (const std::string& text : texts) pointers.push_back(text.c_str());
  return nc_put_var_string(file, variable, pointers.data());
}

nc_type series_type(SeriesType type) {
  switch (type) {
    case SeriesType::float32:
      return NC_FLOAT;
    case SeriesType::float64:
      return NC_DOUBLE;
    case SeriesType::int32:
      return NC_INT;
    case SeriesType::int64:
      return NC_INT64;
  }
  return NC_NAT;
}

// RAII for a file open for reading.
class NetcdfInput {
 public:
  explicit NetcdfInput(const fs::path& path) {
    check_regular_file(path);
    const int status = nc_open(path.c_str(), NC_NOWRITE, &id_);
    if (status == ENOENT) fail(ExitCode::missing_input, "{}: is not there", path.string());
    if (status != NC_NOERR) fail(ExitCode::bad_input, "{}: is damaged: {}", path.string(), nc_strerror(status));
  }
  ~NetcdfInput() { nc_close(id_); }
  NetcdfInput(const NetcdfInput&) = delete;
  NetcdfInput& operator=(const NetcdfInput&) = delete;
  int id() const { return id_; }

 private:
  int id_ = -1;
};

}  // namespace

void NetcdfOutput::check(int status, const char* what) const {
  if (status == NC_NOERR) return;
  const int error_number = errno;  // netCDF-C says only that HDF5 failed; the system's reason is still here
  const bool full = error_number == ENOSPC || error_number == EDQUOT;
  fail(ExitCode::io, "{}: cannot {}: {}", final_path_.string(), what,
       full ? errno_text(error_number) : std::string(nc_strerror(status)));
}

NetcdfOutput::NetcdfOutput(fs::path final_path, const NetcdfLayout& layout) : final_path_(std::move(final_path)) {
  make_folders(final_path_.parent_path());
  const fs::path scratch = scratch_name(final_path_);
  const NetcdfLock lock;
  const int status = nc_create(scratch.c_str(), NC_NETCDF4 | NC_CLOBBER, &id_);
  if (status != NC_NOERR) {
    fail(ExitCode::cannot_create, "{}: cannot create: {}", final_path_.string(), nc_strerror(status));
  }
  scratch_ = FileDescriptor(::open(scratch.c_str(), O_RDONLY | O_CLOEXEC));
  ::unlink(scratch.c_str());
  try {
    if (!scratch_) fail(ExitCode::cannot_create, "{}: its scratch file vanished", final_path_.string());
    define(layout);
  } catch (...) {
    nc_abort(id_);
    throw;
  }
}

NetcdfOutput::~NetcdfOutput() {
  const NetcdfLock lock;
  if (id_ >= 0) nc_abort(id_);
}

void NetcdfOutput::put_attributes(int id, const Json& attributes) {
  for (const auto& [name, value] : attributes.items()) {
    if (value.is_number_integer()) {
      const int number = value;
      check(nc_put_att_int(id_, id, name.c_str(), NC_INT, 1, &number), "write an attribute");
      continue;
    }
    const std::string text = value;
    check(nc_put_att_text(id_, id, name.c_str(), text.size(), text.data()), "write an attribute");
  }
}

int NetcdfOutput::define_variable(const std::string& name, int type, const std::vector<std::string>& dimensions,
                                  const Json& attributes) {
  std::vector<int> ids(dimensions.size());
  for (size_t k = 0; k < ids.size(); ++k) {
    check(nc_inq_dimid(id_, dimensions[k].c_str(), &ids[k]), "find a dimension");
  }
  int id = 0;
  check(nc_def_var(id_, name.c_str(), type, static_cast<int>(ids.size()), ids.data(), &id), "define a variable");
  put_attributes(id, attributes);
  return id;
}

void NetcdfOutput::define_storage(int id, const FieldArray& field, bool deflate) {
  const std::vector<size_t> chunk = field.field_chunk();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const int32_t none = -1;
  const void* fill = field.integers ? static_cast<const void*>(&none) : &nan;
  check(nc_def_var_chunking(id_, id, NC_CHUNKED, chunk.data()), "set the chunks");
  check(nc_def_var_fill(id_, id, NC_FILL, fill), "set the fill value");
  check(nc_def_var_fletcher32(id_, id, NC_FLETCHER32), "set the checksum");
  if (deflate) check(nc_def_var_deflate(id_, id, NC_SHUFFLE, 1, 1), "set the compression");
  // Chunks are written whole and in order: a cache would only hold them back.
  check(nc_set_var_chunk_cache(id_, id, 1, 1, 0.0F), "set the cache");
}

void NetcdfOutput::define(const NetcdfLayout& layout) {
  std::vector<int> coordinate_ids;
  for (const Coordinate& c : layout.coordinates) {
    int ignored = 0;
    const bool defines = c.dimensions.size() == 1 && c.dimensions.front() == c.name;
    const size_t length = c.unlimited ? NC_UNLIMITED : defines ? c.shape[0] : 0;
    if (defines) check(nc_def_dim(id_, c.name.c_str(), length, &ignored), "define a dimension");
    const nc_type type = std::visit([](const auto& values) { return number_type(values); }, c.values);
    coordinate_ids.push_back(define_variable(c.name, type, c.dimensions, c.attributes));
    if (type == NC_STRING) continue;
    check(nc_def_var_fill(id_, coordinate_ids.back(), NC_NOFILL, nullptr), "leave out the fill value");
    if (c.unlimited) {
      check(nc_def_var_chunking(id_, coordinate_ids.back(), NC_CHUNKED, c.shape.data()), "set the chunks");
    }
  }
  for (const auto& [name, size] : layout.dimensions) {
    int ignored = 0;
    check(nc_def_dim(id_, name.c_str(), size, &ignored), "define a dimension");
  }
  for (const Series& series : layout.series) {
    series_ids_.push_back(
        define_variable(series.name, series_type(series.type), {series.dimension}, series.attributes));
    check(nc_def_var_fill(id_, series_ids_.back(), NC_NOFILL, nullptr), "leave out the fill value");
  }
  for (const FieldArray& field : layout.fields) {
    const nc_type type = field.integers ? NC_INT : NC_FLOAT;
    variable_ids_.push_back(define_variable(field.name, type, field.dimensions, field.attributes));
    arrays_.push_back(field);
    define_storage(variable_ids_.back(), field, layout.deflate);
  }
  put_attributes(NC_GLOBAL, layout.attributes);
  check(nc_enddef(id_), "end the definitions");
  for (size_t k = 0; k < coordinate_ids.size(); ++k) {
    const Coordinate& one = layout.coordinates[k];
    check(
        std::visit([&](const auto& values) { return put_coordinate(id_, coordinate_ids[k], one, values); }, one.values),
        "write a coordinate");
  }
}

template <typename T>
void NetcdfOutput::put_slab(int variable, std::vector<size_t> place, std::span<const T> field) {
  const FieldArray& array = arrays_.at(static_cast<size_t>(variable));
  const std::vector<size_t> count = array.field_chunk();
  place.resize(count.size(), 0);
  assert(field.size() == array.field_size());
  const NetcdfLock lock;
  check(nc_put_vara(id_, variable_ids_.at(static_cast<size_t>(variable)), place.data(), count.data(), field.data()),
        "write a field");
}

void NetcdfOutput::put(int variable, std::vector<size_t> place, std::span<const float> field) {
  put_slab(variable, std::move(place), field);
}

void NetcdfOutput::put(int variable, std::vector<size_t> place, std::span<const int32_t> field) {
  put_slab(variable, std::move(place), field);
}

void NetcdfOutput::put_values(int series, size_t first, size_t count, const void* values) {
  if (count == 0) return;
  const NetcdfLock lock;
  check(nc_put_vara(id_, series_ids_.at(static_cast<size_t>(series)), &first, &count, values), "write a series");
}

void NetcdfOutput::put_series(int series, size_t first, std::span<const float> values) {
  put_values(series, first, values.size(), values.data());
}

void NetcdfOutput::put_series(int series, size_t first, std::span<const double> values) {
  put_values(series, first, values.size(), values.data());
}

void NetcdfOutput::put_series(int series, size_t first, std::span<const int32_t> values) {
  put_values(series, first, values.size(), values.data());
}

void NetcdfOutput::put_series(int series, size_t first, std::span<const int64_t> values) {
  put_values(series, first, values.size(), values.data());
}

void NetcdfOutput::close(const std::function<void(std::span<const std::byte>)>& use) {
  {
    const NetcdfLock lock;
    check(nc_close(std::exchange(id_, -1)), "complete the file");
  }
  std::vector<std::byte> piece(piece_bytes);
  while (const ssize_t n = ::read(scratch_.get(), piece.data(), piece.size())) {
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(ExitCode::io, "{}: cannot read back: {}", final_path_.string(), errno_text(errno));
    use(std::span(piece).first(static_cast<size_t>(n)));
  }
}

void read_netcdf_field(const fs::path& path, const std::string& variable, const std::vector<size_t>& place,
                       const std::vector<size_t>& shape, std::span<float> field) {
  const NetcdfLock lock;
  const NetcdfInput file(path);
  const auto check = [&](int status) {
    if (status == NC_NOERR) return;
    fail(ExitCode::bad_input, "{}: is damaged: {}, field {}: {}; run the job again to recompute this member",
         path.string(), variable, fmt::join(place, ", "), nc_strerror(status));
  };
  int id = 0, dimensions = 0;
  check(nc_inq_varid(file.id(), variable.c_str(), &id));
  check(nc_inq_varndims(file.id(), id, &dimensions));
  // Bounds of each dimension are netCDF-C's to check, their number is ours: it reads that many entries of the slab.
  std::vector<size_t> start = place, count(place.size(), 1);
  size_t points = 1;
  for (const size_t length : shape) start.push_back(0), count.push_back(length), points *= length;
  if (dimensions != static_cast<int>(count.size()) || field.size() != points) check(NC_EDIMSIZE);
  check(nc_get_vara_float(file.id(), id, start.data(), count.data(), field.data()));
}

}  // namespace hens
