// A Zarr store as a dataset: what hens, xarray and zarr-python write (format 3, sharded or not), and what WeatherBench
// publishes (format 2). Arrays at the store's top; groups below it are not looked at.
//
// Packed values are unpacked by their attributes, as xarray does. Not thread-safe.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "source/dataset.h"
#include "source/packing.h"
#include "source/zarr_array.h"

namespace hens {

class ZarrDataset : public Dataset {
 public:
  // Reads the consolidated metadata; without these every array's of a folder, or, where nobody lists the store, an
  // array's (of format 3) when it is asked for. Throws Error{bad_input} where there is no Zarr store.
  ZarrDataset(std::shared_ptr<const ZarrObjects> objects, const std::string& origin);

  const DatasetVariable* find(const std::string& name) const override;
  std::string text(const DatasetVariable& variable, const char* attribute) const override;
  std::string label(const DatasetVariable& variable, size_t index) const override;
  std::optional<std::vector<double>> find_slab(const DatasetVariable& variable, const std::vector<size_t>& start,
                                               const std::vector<size_t>& count) const override;
  // Chunks that were never written hold the fill value: writers leave out those that consist of it, as the time 0.
  std::vector<double> read_all(const DatasetVariable& variable) const override;
  std::string remark() const override;

 private:
  struct Node {
    std::unique_ptr<ZarrArray> array;
    std::string problem;  // why it cannot be read
  };
  std::optional<nlohmann::json> metadata(const std::string& key) const;
  void read_store_3(const nlohmann::json& root);
  void read_store_2();
  void add_3(const std::string& name, const nlohmann::json& json) const;
  void add_2(const std::string& name, const nlohmann::json& json, const nlohmann::json& attributes) const;
  template <typename MakeLayout>
  void add(const std::string& name, const MakeLayout& make) const;
  template <typename Add>
  void try_to_add(const std::string& name, const Add& add_it) const;
  const ZarrArray& array_of(const DatasetVariable& variable) const;
  Packing packing_of(const ZarrArray& array, const DatasetVariable& variable, bool coordinate) const;

  std::shared_ptr<const ZarrObjects> objects_;
  bool complete_ = true;  // all arrays are known
  mutable std::deque<Node> nodes_;
  mutable std::set<std::string> absent_, unwritten_;
  mutable std::map<std::string, std::vector<double>> coordinates_;
  mutable ZarrChunkCache cache_;
};

}  // namespace hens
