// Writes small netCDF files for tests, classic or netCDF-4.
#pragma once

#include <map>
#include <netcdf.h>
#include <netcdf_filter.h>
#include <string>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "base/files.h"

namespace hens::test {

// A numeric attribute of a type of its own; a plain double is written as NC_DOUBLE (_FillValue: as the variable).
struct NetcdfNumbers {
  nc_type type;
  std::vector<double> values;
};

struct NetcdfVariableSpec {
  std::string name;
  std::vector<std::string> dimensions;
  std::vector<double> values;
  std::map<std::string, std::variant<std::string, double, NetcdfNumbers>> attributes;
  nc_type type = NC_FLOAT;
  unsigned filter = 0;  // of HDF5, by its number
};

// `records`: the length of a dimension NC_UNLIMITED.
inline void write_netcdf(const fs::path& path, const std::vector<std::pair<std::string, size_t>>& dimensions,
                         const std::vector<NetcdfVariableSpec>& variables, int mode = NC_NETCDF4, size_t records = 0) {
  int file = 0;
  ASSERT_EQ(nc_create(path.c_str(), mode | NC_CLOBBER, &file), NC_NOERR);
  std::map<std::string, int> ids;
  const std::map<std::string, size_t> lengths(dimensions.begin(), dimensions.end());
  for (const auto& [name, length] : dimensions) ASSERT_EQ(nc_def_dim(file, name.c_str(), length, &ids[name]), NC_NOERR);
  std::vector<int> variable_ids;
  for (const auto& variable : variables) {
    std::vector<int> axes;
    for (const auto& name : variable.dimensions) axes.push_back(ids.at(name));
    int id = 0;
    ASSERT_EQ(nc_def_var(file, variable.name.c_str(), variable.type, static_cast<int>(axes.size()), axes.data(), &id),
              NC_NOERR);
    if (variable.filter != 0) {
      const unsigned level = 3;
      ASSERT_EQ(nc_def_var_filter(file, id, variable.filter, 1, &level), NC_NOERR);
    }
    for (const auto& [name, value] : variable.attributes) {
      if (const auto* text = std::get_if<std::string>(&value)) {
        ASSERT_EQ(nc_put_att_text(file, id, name.c_str(), text->size(), text->c_str()), NC_NOERR);
      } else if (const auto* numbers = std::get_if<NetcdfNumbers>(&value)) {
        ASSERT_EQ(
            nc_put_att_double(file, id, name.c_str(), numbers->type, numbers->values.size(), numbers->values.data()),
            NC_NOERR);
      } else {
        const nc_type type = name == "_FillValue" ? variable.type : NC_DOUBLE;
        ASSERT_EQ(nc_put_att_double(file, id, name.c_str(), type, 1, &std::get<double>(value)), NC_NOERR);
      }
    }
    variable_ids.push_back(id);
  }
  ASSERT_EQ(nc_enddef(file), NC_NOERR);
  for (size_t v = 0; v < variables.size(); ++v) {
    std::vector<size_t> start, count;
    for (const auto& name : variables[v].dimensions) {
      start.push_back(0);
      count.push_back(lengths.at(name) == NC_UNLIMITED ? records : lengths.at(name));
    }
    ASSERT_EQ(nc_put_vara_double(file, variable_ids[v], start.data(), count.data(), variables[v].values.data()),
              NC_NOERR)
        << variables[v].name;
  }
  ASSERT_EQ(nc_close(file), NC_NOERR);
}

}  // namespace hens::test
