#include "source/netcdf_file.h"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <netcdf.h>
#include <netcdf_filter.h>

#include "base/error.h"
#include "base/file_kind.h"
#include "base/netcdf_lock.h"
#include "source/hdf5_filters.h"
#include "source/netcdf_classic.h"

namespace hens {
namespace {

constexpr size_t most_values = size_t{1} << 27;  // 12 times a grid of 0.1 degrees; 1 GiB
constexpr size_t longest_text = 4096;
constexpr size_t most_missing_values = 100;

void check(int status, const std::string& origin, const std::string& what) {
  if (status != NC_NOERR) fail(ExitCode::bad_input, "{}: {}: {}", origin, what, nc_strerror(status));
}

bool is_numeric(nc_type type) {
  return type == NC_BYTE || type == NC_UBYTE || type == NC_SHORT || type == NC_USHORT || type == NC_INT ||
         type == NC_UINT || type == NC_INT64 || type == NC_UINT64 || type == NC_FLOAT || type == NC_DOUBLE;
}

bool is_floating(nc_type type) { return type == NC_FLOAT || type == NC_DOUBLE; }

// Bits of an integer type with the other sign's twin; 0 for other types.
int bits_of(nc_type type) {
  switch (type) {
    case NC_BYTE:
    case NC_UBYTE:
      return 8;
    case NC_SHORT:
    case NC_USHORT:
      return 16;
    case NC_INT:
    case NC_UINT:
      return 32;
    case NC_INT64:
    case NC_UINT64:
      return 64;
    default:
      return 0;
  }
}

}  // namespace

NetcdfFile::NetcdfFile(const fs::path& path, const std::string& origin) : Dataset(origin), lock_(path, origin) {
  check_classic_netcdf(MappedFile(path).bytes(), origin);
  const NetcdfLock lock;
  register_hdf5_filters();
  // netCDF-C takes anything with a scheme for a network address: an absolute path never is.
  const int status = nc_open(fs::absolute(path).c_str(), NC_NOWRITE, &id_);
  if (status != NC_NOERR) {
    fail(ExitCode::bad_input, "{}: cannot be opened as netCDF: {}{}", origin, nc_strerror(status),
         file_kind_hint(path, "netCDF"));
  }
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
  check(nc_inq_nvars(id_, &count), origin(), "its variables cannot be read");
  for (int id = 0; id < count; ++id) {
    char name[NC_MAX_NAME + 1] = "";
    nc_type type = NC_NAT;
    int rank = 0, dimensions[NC_MAX_VAR_DIMS];
    check(nc_inq_varndims(id_, id, &rank), origin(), "a variable cannot be read");
    if (rank > NC_MAX_VAR_DIMS) fail(ExitCode::bad_input, "{}: a variable with {} dimensions", origin(), rank);
    check(nc_inq_var(id_, id, name, &type, nullptr, dimensions, nullptr), origin(), "a variable cannot be read");
    DatasetVariable variable{id, name, {}, {}, is_numeric(type), type};
    for (int d = 0; d < rank; ++d) {
      size_t length = 0;
      char dimension[NC_MAX_NAME + 1] = "";
      check(nc_inq_dim(id_, dimensions[d], dimension, &length), origin(), "a dimension cannot be read");
      variable.dimensions.emplace_back(dimension);
      variable.shape.push_back(length);
    }
    variables_.push_back(std::move(variable));
  }
}

std::string NetcdfFile::text(const DatasetVariable& variable, const char* attribute) const {
  const NetcdfLock lock;
  return text_unlocked(variable, attribute);
}

std::string NetcdfFile::text_unlocked(const DatasetVariable& variable, const char* attribute) const {
  nc_type type = NC_NAT;
  size_t length = 0;
  if (nc_inq_att(id_, variable.id, attribute, &type, &length) != NC_NOERR || length > longest_text) return "";
  if (type == NC_CHAR) {
    std::string text(length, '\0');
    check(nc_get_att_text(id_, variable.id, attribute, text.data()), origin(), variable.name);
    return text.substr(0, text.find('\0'));
  }
  if (is_numeric(type) && length == 1) return fmt::format("{}", number_unlocked(variable, attribute, 0.0));
  if (type != NC_STRING || length != 1) return "";
  char* held = nullptr;
  check(nc_get_att_string(id_, variable.id, attribute, &held), origin(), variable.name);
  const std::string text = held ? held : "";
  nc_free_string(1, &held);
  return text;
}

std::string NetcdfFile::label(const DatasetVariable& variable, size_t index) const {
  if (variable.shape.size() != 1 || index >= variable.shape[0]) return "";
  if (variable.numeric) return fmt::format("{}", read(variable, {index}, {1}).front());
  if (variable.type != NC_STRING) return "";
  const NetcdfLock lock;
  char* held = nullptr;
  check(nc_get_var1_string(id_, variable.id, &index, &held), origin(), variable.name);
  std::string text = held ? held : "";
  nc_free_string(1, &held);
  return text.substr(0, longest_text);
}

std::optional<NetcdfFile::Attribute> NetcdfFile::numbers(const DatasetVariable& variable, const char* name,
                                                         size_t most) const {
  Attribute attribute;
  size_t length = 0;
  if (nc_inq_att(id_, variable.id, name, &attribute.type, &length) != NC_NOERR) return std::nullopt;
  if (length < 1 || length > most || !is_numeric(attribute.type)) {
    fail(ExitCode::bad_input, "{}: variable {}: attribute {} is {}: expected {}; mend it (ncatted) or leave it out",
         origin(), variable.name, name,
         is_numeric(attribute.type) ? fmt::format("{} numbers", length) : std::string("not a number"),
         most == 1 ? std::string("one number") : fmt::format("1 to {} numbers", most));
  }
  attribute.values.resize(length);
  check(nc_get_att_double(id_, variable.id, name, attribute.values.data()), origin(), variable.name + ":" + name);
  return attribute;
}

double NetcdfFile::number_unlocked(const DatasetVariable& variable, const char* name, double otherwise) const {
  const auto attribute = numbers(variable, name, 1);
  return attribute ? attribute->values.front() : otherwise;
}

// NUG: a range of the packing's type, wider than the stored one, is of unpacked values; any other of stored ones.
void NetcdfFile::find_valid_range(const DatasetVariable& variable, bool packed, Packing& packing) const {
  const auto limit = [&](const Attribute& attribute, double value, bool low) {
    if (packed && is_floating(attribute.type) && !is_floating(variable.type)) {
      (low ? packing.unpacked_low : packing.unpacked_high) = value;
    } else {
      (low ? packing.low : packing.high) = packing.stored(value);
    }
  };
  if (const auto range = numbers(variable, "valid_range", 2); range) {
    if (range->values.size() != 2) {
      fail(ExitCode::bad_input, "{}: variable {}: attribute valid_range is one number: expected two", origin(),
           variable.name);
    }
    limit(*range, range->values[0], true);
    limit(*range, range->values[1], false);
  }
  if (const auto least = numbers(variable, "valid_min", 1)) limit(*least, least->values[0], true);
  if (const auto most = numbers(variable, "valid_max", 1)) limit(*most, most->values[0], false);
}

Packing NetcdfFile::packing_of(const DatasetVariable& variable) const {
  Packing packing;
  packing.single = variable.type == NC_FLOAT;
  if (nc_inq_attid(id_, variable.id, "_Unsigned", nullptr) == NC_NOERR && bits_of(variable.type) > 0) {
    std::string word = text_unlocked(variable, "_Unsigned");
    for (char& c : word) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (word != "true" && word != "false") {
      fail(ExitCode::bad_input, "{}: variable {}: attribute _Unsigned is '{}': expected \"true\" or \"false\"",
           origin(), variable.name, word);
    }
    packing.wrap = std::ldexp(1.0, bits_of(variable.type));
    packing.is_unsigned = word == "true";
  }
  const bool packed = nc_inq_attid(id_, variable.id, "scale_factor", nullptr) == NC_NOERR ||
                      nc_inq_attid(id_, variable.id, "add_offset", nullptr) == NC_NOERR;
  packing.scale = number_unlocked(variable, "scale_factor", 1.0);
  packing.offset = number_unlocked(variable, "add_offset", 0.0);
  const auto fill = numbers(variable, "_FillValue", 1),
             missing = numbers(variable, "missing_value", most_missing_values);
  for (const auto* marks : {&fill, &missing}) {
    if (!*marks) continue;
    for (const double value : (*marks)->values) packing.missing.push_back(packing.stored(value));
  }
  // What was never written. In 8 and 16 bits the default is as likely a packed value.
  int unfilled = 0;
  union {
    float single;
    double wide;
    int32_t whole;
    long long long_whole;
    unsigned long long unsigned_whole;
  } standard{};
  if (!fill && bits_of(variable.type) != 8 && bits_of(variable.type) != 16 && packing.wrap == 0 &&
      nc_inq_var_fill(id_, variable.id, &unfilled, &standard) == NC_NOERR && unfilled == 0) {
    const double value = variable.type == NC_FLOAT    ? standard.single
                         : variable.type == NC_DOUBLE ? standard.wide
                         : variable.type == NC_INT    ? standard.whole
                         : variable.type == NC_INT64  ? static_cast<double>(standard.long_whole)
                                                      : std::nan("");
    packing.missing.push_back(value);
  }
  find_valid_range(variable, packed, packing);
  return packing;
}

std::string NetcdfFile::why_unreadable(const DatasetVariable& variable, int status) const {
  size_t count = 0;
  if (nc_inq_var_filter_ids(id_, variable.id, &count, nullptr) == NC_NOERR && count > 0 && count < 100) {
    std::vector<unsigned> filters(count);
    if (nc_inq_var_filter_ids(id_, variable.id, &count, filters.data()) == NC_NOERR) {
      if (const std::string missing = missing_filters(filters); !missing.empty()) return missing;
    }
  }
  return nc_strerror(status);
}

std::vector<double> NetcdfFile::read(const DatasetVariable& variable, const std::vector<size_t>& start,
                                     const std::vector<size_t>& count) const {
  DatasetVariable slab = variable;
  slab.shape = count;
  if (!variable.numeric || slab.size() > most_values) {
    fail(ExitCode::bad_input, "{}: variable {}: {}", origin(), variable.name,
         variable.numeric ? "more values than any grid has" : "is not of numbers");
  }
  const NetcdfLock lock;
  const Packing packing = packing_of(variable);
  std::vector<double> values(slab.size());
  const int status = nc_get_vara_double(id_, variable.id, start.data(), count.data(), values.data());
  if (status != NC_NOERR) {
    fail(ExitCode::bad_input, "{}: variable {} cannot be read: {}", origin(), variable.name,
         why_unreadable(variable, status));
  }
  for (double& value : values) value = packing.value(value);
  return values;
}

std::vector<double> NetcdfFile::read_all(const DatasetVariable& variable) const {
  return read(variable, std::vector<size_t>(variable.shape.size(), 0), variable.shape);
}

}  // namespace hens
