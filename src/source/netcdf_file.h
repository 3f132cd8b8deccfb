// A netCDF file, read only: dimensions, variables, attributes and unpacked slabs of numbers.
//
// Values are unpacked as the netCDF User's Guide and CF have it: `_Unsigned` first, then what stands for no value
// (_FillValue, missing_value, a value outside valid_range, valid_min and valid_max, the default fill value of wide
// types), then scale_factor and add_offset.
//
// The one place of this folder that knows netCDF-C (which keeps one place for classic and netCDF-4 files). Every call
// is made under the NetcdfLock, so all functions are thread-safe. Files are untrusted: sizes are bounded before memory
// is taken. Groups below the root are not looked at.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/files.h"
#include "base/locks.h"

namespace hens {

struct NetcdfVariable {
  int id = 0;
  std::string name;
  std::vector<std::string> dimensions;  // names, slowest first
  std::vector<size_t> shape;            // lengths of them
  bool numeric = false;
  int type = 0;  // netCDF's number for it

  size_t size() const;  // of a scalar: 1
};

class NetcdfFile {
 public:
  // `origin` is what the user calls the file. Throws Error{bad_input} naming it where it is no netCDF file.
  NetcdfFile(const fs::path& path, std::string origin);
  ~NetcdfFile();
  NetcdfFile(const NetcdfFile&) = delete;
  NetcdfFile& operator=(const NetcdfFile&) = delete;

  const std::string& origin() const { return origin_; }
  const std::vector<NetcdfVariable>& variables() const { return variables_; }
  const NetcdfVariable* find(const std::string& name) const;  // null where there is none

  // A text attribute, or one number as text; empty where there is none.
  std::string text(const NetcdfVariable& variable, const char* attribute) const;

  // What stands at `index` of a variable of one dimension: a number, or a text ("0005"). Empty for other types.
  std::string label(const NetcdfVariable& variable, size_t index) const;

  // The slab of `count` entries from `start` along each dimension, in the variable's axis order, unpacked; NaN where
  // no value stands. Throws Error{bad_input} naming file and variable, and the attribute or filter that is at fault.
  std::vector<double> read(const NetcdfVariable& variable, const std::vector<size_t>& start,
                           const std::vector<size_t>& count) const;
  std::vector<double> read_all(const NetcdfVariable& variable) const;

 private:
  struct Attribute {
    int type = 0;
    std::vector<double> values;
  };
  struct Packing;
  // These want the NetcdfLock.
  std::string text_unlocked(const NetcdfVariable& variable, const char* attribute) const;
  std::optional<Attribute> numbers(const NetcdfVariable& variable, const char* name, size_t most) const;
  double number_unlocked(const NetcdfVariable& variable, const char* name, double otherwise) const;
  Packing packing_of(const NetcdfVariable& variable) const;
  void find_valid_range(const NetcdfVariable& variable, bool packed, Packing& packing) const;
  std::string why_unreadable(const NetcdfVariable& variable, int status) const;
  void read_variables();

  std::string origin_;
  InputLock lock_;
  int id_ = -1;
  std::vector<NetcdfVariable> variables_;
};

}  // namespace hens
