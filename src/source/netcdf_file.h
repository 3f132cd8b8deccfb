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
#include "source/dataset.h"
#include "source/packing.h"

namespace hens {

using NetcdfVariable = DatasetVariable;

class NetcdfFile : public Dataset {
 public:
  // `origin` is what the user calls the file. Throws Error{bad_input} naming it where it is no netCDF file.
  NetcdfFile(const fs::path& path, const std::string& origin);
  ~NetcdfFile() override;
  NetcdfFile& operator=(const NetcdfFile&) = delete;

  std::string text(const DatasetVariable& variable, const char* attribute) const override;
  std::string label(const DatasetVariable& variable, size_t index) const override;
  std::optional<std::vector<double>> find_slab(const DatasetVariable& variable, const std::vector<size_t>& start,
                                               const std::vector<size_t>& count) const override {
    return read(variable, start, count);
  }
  std::vector<double> read_all(const DatasetVariable& variable) const override;
  // As find_slab: all of a netCDF file is written.
  std::vector<double> read(const DatasetVariable& variable, const std::vector<size_t>& start,
                           const std::vector<size_t>& count) const;

 private:
  struct Attribute {
    int type = 0;
    std::vector<double> values;
  };
  // These want the NetcdfLock.
  std::string text_unlocked(const DatasetVariable& variable, const char* attribute) const;
  std::optional<Attribute> numbers(const DatasetVariable& variable, const char* name, size_t most) const;
  double number_unlocked(const DatasetVariable& variable, const char* name, double otherwise) const;
  Packing packing_of(const DatasetVariable& variable) const;
  void find_valid_range(const DatasetVariable& variable, bool packed, Packing& packing) const;
  std::string why_unreadable(const DatasetVariable& variable, int status) const;
  void read_variables();

  InputLock lock_;
  int id_ = -1;
};

}  // namespace hens
