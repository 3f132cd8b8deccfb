#include "source/netcdf_file.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <netcdf.h>

#include "base/error.h"
#include "base/netcdf_lock.h"
#include "source/netcdf_classic.h"

namespace hens {
namespace {

constexpr size_t most_values = size_t{1} << 27;  // 12 times a grid of 0.1 degrees; 1 GiB
constexpr size_t longest_text = 4096;

void check(int status, const std::string& origin, const std::string& what) {
  if (status != NC_NOERR) fail(ExitCode::bad_input, "{}: {}: {}", origin, what, nc_strerror(status));
}

bool is_numeric(nc_type type) {
  return type == NC_BYTE || type == NC_UBYTE || type == NC_SHORT || type == NC_USHORT || type == NC_INT ||
         type == NC_UINT || type == NC_INT64 || type == NC_UINT64 || type == NC_FLOAT || type == NC_DOUBLE;
}

}  // namespace

size_t NetcdfVariable::size() const {
  size_t size = 1;
  for (const size_t length : shape) {
    if (__builtin_mul_overflow(size, length, &size)) return std::numeric_limits<size_t>::max();
  }
  return size;
}

NetcdfFile::NetcdfFile(const fs::path& path, std::string origin) : origin_(std::move(origin)) {
  check_classic_netcdf(MappedFile(path).bytes(), origin_);
  const NetcdfLock lock;
  // netCDF-C takes anything with a scheme for a network address: an absolute path never is.
  check(nc_open(fs::absolute(path).c_str(), NC_NOWRITE, &id_), origin_, "cannot be opened as netCDF");
  try {
    read_variables();
  } catch (...) {
    nc_close(id_);
    throw;
  }
}

NetcdfFile::~NetcdfFile() {
  const NetcdfLock lock;
  nc_close(id_);
}

void NetcdfFile::read_variables() {
  int count = 0;
  check(nc_inq_nvars(id_, &count), origin_, "its variables cannot be read");
  for (int id = 0; id < count; ++id) {
    char name[NC_MAX_NAME + 1] = "";
    nc_type type = NC_NAT;
    int rank = 0, dimensions[NC_MAX_VAR_DIMS];
    check(nc_inq_varndims(id_, id, &rank), origin_, "a variable cannot be read");
    if (rank > NC_MAX_VAR_DIMS) fail(ExitCode::bad_input, "{}: a variable with {} dimensions", origin_, rank);
    check(nc_inq_var(id_, id, name, &type, nullptr, dimensions, nullptr), origin_, "a variable cannot be read");
    NetcdfVariable variable{id, name, {}, {}, is_numeric(type)};
    for (int d = 0; d < rank; ++d) {
      size_t length = 0;
      char dimension[NC_MAX_NAME + 1] = "";
      check(nc_inq_dim(id_, dimensions[d], dimension, &length), origin_, "a dimension cannot be read");
      variable.dimensions.emplace_back(dimension);
      variable.shape.push_back(length);
    }
    variables_.push_back(std::move(variable));
  }
}

const NetcdfVariable* NetcdfFile::find(const std::string& name) const {
  const auto found = std::ranges::find(variables_, name, &NetcdfVariable::name);
  return found == variables_.end() ? nullptr : &*found;
}

std::string NetcdfFile::text(const NetcdfVariable& variable, const char* attribute) const {
  const NetcdfLock lock;
  nc_type type = NC_NAT;
  size_t length = 0;
  if (nc_inq_att(id_, variable.id, attribute, &type, &length) != NC_NOERR || length > longest_text) return "";
  if (type == NC_CHAR) {
    std::string text(length, '\0');
    check(nc_get_att_text(id_, variable.id, attribute, text.data()), origin_, variable.name);
    return text.substr(0, text.find('\0'));
  }
  if (type != NC_STRING || length != 1) return "";
  char* held = nullptr;
  check(nc_get_att_string(id_, variable.id, attribute, &held), origin_, variable.name);
  const std::string text = held ? held : "";
  nc_free_string(1, &held);
  return text;
}

std::optional<double> NetcdfFile::number(const NetcdfVariable& variable, const char* attribute) const {
  nc_type type = NC_NAT;
  size_t length = 0;
  double value = 0;
  if (nc_inq_att(id_, variable.id, attribute, &type, &length) != NC_NOERR || length != 1 || !is_numeric(type)) {
    return std::nullopt;
  }
  check(nc_get_att_double(id_, variable.id, attribute, &value), origin_, variable.name + ":" + attribute);
  return value;
}

std::vector<double> NetcdfFile::read(const NetcdfVariable& variable, const std::vector<size_t>& start,
                                     const std::vector<size_t>& count) const {
  NetcdfVariable slab = variable;
  slab.shape = count;
  if (!variable.numeric || slab.size() > most_values) {
    fail(ExitCode::bad_input, "{}: variable {}: {}", origin_, variable.name,
         variable.numeric ? "more values than any grid has" : "is not of numbers");
  }
  const NetcdfLock lock;
  std::vector<double> values(slab.size());
  check(nc_get_vara_double(id_, variable.id, start.data(), count.data(), values.data()), origin_,
        "variable " + variable.name + " cannot be read");
  const auto fill = number(variable, "_FillValue"), missing = number(variable, "missing_value");
  const double scale = number(variable, "scale_factor").value_or(1.0),
               offset = number(variable, "add_offset").value_or(0.0);
  for (double& value : values) {
    const bool absent = (fill && value == *fill) || (missing && value == *missing);
    value = absent ? std::numeric_limits<double>::quiet_NaN() : value * scale + offset;
  }
  return values;
}

std::vector<double> NetcdfFile::read_all(const NetcdfVariable& variable) const {
  return read(variable, std::vector<size_t>(variable.shape.size(), 0), variable.shape);
}

}  // namespace hens
