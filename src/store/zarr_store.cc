#include "store/zarr_store.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <variant>

#include "base/error.h"
#include "store/bit_rounding.h"
#include "store/chunk_files.h"
#include "store/shard.h"
#include "store/store_arrays.h"
#include "store/zarr_metadata.h"

namespace hens {
namespace {

// The layout and what follows from it.
struct ZarrLayout {
  StoreLayout layout;
  StoreArrays arrays;

  // Zarr's name of the file that holds a field: <array>/c.3.0.0.0.0, the numbers counting files along each dimension.
  std::string file_name(size_t variable, size_t time, size_t member, size_t lead) const {
    const FieldArray& array = arrays.array_of(variable);
    std::vector<size_t> index = arrays.index(variable, member, time, lead);
    index.resize(array.shape.size(), 0);
    std::string name = array.name + "/c";
    for (size_t k = 0; k < index.size(); ++k) name += fmt::format(".{}", index[k] / array.file[k]);
    return name;
  }

  // Files of one variable of a member, in the order of its leads.
  size_t files_of_variable() const { return layout.shard ? 1 : layout.leads.size(); }
};

// One variable of one member on its way: a shard, or files of one field each.
class VariableWriter {
 public:
  VariableWriter(const fs::path& folder, std::vector<std::string> files, const StoreLayout& layout)
      : files_(files), writer_(make(folder, std::move(files), layout)) {}

  void append(std::span<const float> field) {
    std::visit([&](auto& writer) { writer.append(field); }, writer_);
  }
  size_t chunks() const {
    return std::visit([](const auto& writer) { return writer.chunks(); }, writer_);
  }
  std::vector<StoredFile> publish() {
    if (auto* chunks = std::get_if<ChunkFilesWriter>(&writer_)) return chunks->publish();
    StoredFile shard = std::get<ShardWriter>(writer_).publish();
    shard.path = files_.front();
    return {shard};
  }

 private:
  using Writer = std::variant<ShardWriter, ChunkFilesWriter>;
  static Writer make(const fs::path& folder, std::vector<std::string> files, const StoreLayout& layout) {
    if (layout.shard) return ShardWriter(folder / files.front(), layout.compression);
    return ChunkFilesWriter(folder, std::move(files), layout.compression);
  }

  std::vector<std::string> files_;
  Writer writer_;
};

class ZarrMemberWriter final : public MemberWriter {
 public:
  // `files`: [variable][file]
  ZarrMemberWriter(fs::path folder, std::shared_ptr<const ZarrLayout> layout,
                   std::vector<std::vector<std::string>> files)
      : folder_(std::move(folder)), zarr_(std::move(layout)), files_(std::move(files)), variables_(files_.size()) {}

  int lane(int variable) const override { return variable; }

  void append(int variable, int lead, std::span<const float> field) override {
    const StoreLayout& layout = zarr_->layout;
    std::optional<VariableWriter>& writer = variables_.at(variable);
    if (!writer) writer.emplace(folder_, files_[variable], layout);
    if (writer->chunks() != static_cast<size_t>(lead) || writer->chunks() == layout.leads.size() ||
        field.size() != layout.domain.size()) {
      throw std::logic_error(fmt::format("{}: lead {} of {} points came where lead {} of {} was due",
                                         files_[variable].front(), lead, field.size(), writer->chunks(),
                                         layout.domain.size()));
    }
    writer->append(field);
  }

  std::vector<StoredFile> finish() override {
    const size_t leads = zarr_->layout.leads.size();
    for (size_t v = 0; v < variables_.size(); ++v) {
      if (variables_[v] && variables_[v]->chunks() == leads) continue;
      throw std::logic_error(fmt::format("{}: {} of {} leads came before the end", files_[v].front(),
                                         variables_[v] ? variables_[v]->chunks() : 0, leads));
    }
    std::vector<StoredFile> stored;
    for (std::optional<VariableWriter>& variable : variables_) {
      for (StoredFile& file : variable->publish()) stored.push_back(std::move(file));
      variable.reset();
    }
    return stored;
  }

 private:
  fs::path folder_;
  std::shared_ptr<const ZarrLayout> zarr_;
  std::vector<std::vector<std::string>> files_;
  std::vector<std::optional<VariableWriter>> variables_;  // [variable], opened with the first field
};

// The whole numbers in `text`, each behind a point; none where anything else stands there.
std::optional<std::vector<size_t>> numbers_behind_points(std::string_view text) {
  std::vector<size_t> numbers;
  while (!text.empty()) {
    size_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + 1, end, number);
    if (text.front() != '.' || error != std::errc()) return std::nullopt;
    numbers.push_back(number);
    text.remove_prefix(static_cast<size_t>(rest - text.data()));
  }
  return numbers;
}

class ZarrStore final : public Store {
 public:
  ZarrStore(fs::path folder, StoreLayout layout) : folder_(std::move(folder)) {
    StoreArrays arrays = store_arrays(layout, static_cast<size_t>(layout.members), layout.times.size());
    zarr_ = std::make_shared<const ZarrLayout>(std::move(layout), std::move(arrays));
  }

  std::vector<PrescribedFile> prescribed_files() const override { return zarr_prescribed_files(zarr_->layout); }
  std::vector<StoredFile> publish_metadata() override { return publish_files(folder_, prescribed_files()); }

  std::unique_ptr<MemberWriter> member(int time, int member) override {
    std::vector<std::vector<std::string>> files;
    for (size_t v = 0; v < layout().variables.size(); ++v) files.push_back(variable_files(v, time, member));
    return with_rounding(layout(), std::make_unique<ZarrMemberWriter>(folder_, zarr_, std::move(files)));
  }

  std::vector<std::string> member_files(int time, int member) const override {
    std::vector<std::string> names;
    for (size_t v = 0; v < layout().variables.size(); ++v) {
      for (std::string& name : variable_files(v, time, member)) names.push_back(std::move(name));
    }
    return names;
  }

  bool is_member_file(std::string_view file) const override {
    const size_t slash = file.rfind('/');
    if (slash == std::string_view::npos || !file.substr(slash + 1).starts_with("c.")) return false;
    const auto numbers = numbers_behind_points(file.substr(slash + 2));
    if (!numbers || numbers->size() < 3) return false;
    const size_t member = (*numbers)[0], time = (*numbers)[1], lead = (*numbers)[2];
    const size_t members = static_cast<size_t>(layout().members);
    if (member >= members || time >= layout().times.size() || lead >= zarr_->files_of_variable()) return false;
    for (size_t v = 0; v < layout().variables.size(); ++v) {
      if (zarr_->arrays.array_of(v).name != file.substr(0, slash)) continue;
      if (zarr_->file_name(v, time, member, lead) == file) return true;
    }
    return false;
  }

  std::vector<float> read(int variable, int time, int member, int lead) const override {
    std::vector<float> field(layout().domain.size());
    const size_t at = static_cast<size_t>(lead);
    const fs::path path = folder_ / zarr_->file_name(static_cast<size_t>(variable), static_cast<size_t>(time),
                                                     static_cast<size_t>(member), at);
    if (layout().shard) {
      read_shard(path, layout().compression, layout().leads.size(), at, field);
    } else {
      read_chunk_file(path, layout().compression, field);
    }
    return field;
  }

  const StoreLayout& layout() const override { return zarr_->layout; }

 private:
  std::vector<std::string> variable_files(size_t variable, int time, int member) const {
    assert(time >= 0 && time < static_cast<int>(layout().times.size()) && member >= 0 && member < layout().members);
    std::vector<std::string> names;
    for (size_t lead = 0; lead < zarr_->files_of_variable(); ++lead) {
      names.push_back(zarr_->file_name(variable, static_cast<size_t>(time), static_cast<size_t>(member), lead));
    }
    return names;
  }

  fs::path folder_;
  std::shared_ptr<const ZarrLayout> zarr_;  // shared with the writers
};

}  // namespace

std::unique_ptr<Store> open_zarr_store(const fs::path& folder, const StoreLayout& layout) {
  return std::make_unique<ZarrStore>(folder, layout);
}

}  // namespace hens
