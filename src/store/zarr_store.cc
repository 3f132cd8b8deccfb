#include "store/zarr_store.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <optional>
#include <stdexcept>

#include "base/error.h"
#include "store/shard.h"
#include "store/zarr_metadata.h"

namespace hens {
namespace {

// Zarr's name of the shard at (ensemble, time, 0, 0, 0), or of points at (ensemble, time, 0, 0).
std::string shard_name(const StoreLayout& layout, const std::string& variable, int time, int member) {
  return fmt::format("{}/c.{}.{}.0{}", variable, member, time, layout.domain.points.empty() ? ".0.0" : ".0");
}

class ZarrMemberWriter final : public MemberWriter {
 public:
  ZarrMemberWriter(fs::path folder, std::shared_ptr<const StoreLayout> layout, std::vector<std::string> files)
      : folder_(std::move(folder)), layout_(std::move(layout)), files_(std::move(files)), shards_(files_.size()) {}

  int lane(int variable) const override { return variable; }

  void append(int variable, int lead, std::span<const float> field) override {
    std::optional<ShardWriter>& shard = shards_.at(variable);
    if (!shard) shard.emplace(folder_ / files_[variable], layout_->compression);
    if (shard->chunks() != static_cast<size_t>(lead) || shard->chunks() == layout_->leads.size() ||
        field.size() != layout_->domain.size()) {
      throw std::logic_error(fmt::format("{}: lead {} of {} points came where lead {} of {} was due", files_[variable],
                                         lead, field.size(), shard->chunks(), layout_->domain.size()));
    }
    shard->append(field);
  }

  std::vector<StoredFile> finish() override {
    for (size_t v = 0; v < shards_.size(); ++v) {
      if (shards_[v] && shards_[v]->chunks() == layout_->leads.size()) continue;
      throw std::logic_error(fmt::format("{}: {} of {} leads came before the end", files_[v],
                                         shards_[v] ? shards_[v]->chunks() : 0, layout_->leads.size()));
    }
    std::vector<StoredFile> stored;
    for (size_t v = 0; v < shards_.size(); ++v) {
      stored.push_back(shards_[v]->publish());
      stored.back().path = files_[v];
      shards_[v].reset();
    }
    return stored;
  }

 private:
  fs::path folder_;
  std::shared_ptr<const StoreLayout> layout_;
  std::vector<std::string> files_;
  std::vector<std::optional<ShardWriter>> shards_;  // [variable], opened with the first field
};

class ZarrStore final : public Store {
 public:
  ZarrStore(fs::path folder, StoreLayout layout)
      : folder_(std::move(folder)), layout_(std::make_shared<const StoreLayout>(std::move(layout))) {}

  std::vector<PrescribedFile> prescribed_files() const override { return zarr_prescribed_files(*layout_); }
  std::vector<StoredFile> publish_metadata() override { return publish_files(folder_, prescribed_files()); }

  std::unique_ptr<MemberWriter> member(int time, int member) override {
    return std::make_unique<ZarrMemberWriter>(folder_, layout_, member_files(time, member));
  }

  std::vector<std::string> member_files(int time, int member) const override {
    assert(time >= 0 && time < static_cast<int>(layout_->times.size()) && member >= 0 && member < layout_->members);
    std::vector<std::string> names;
    for (const std::string& variable : layout_->variables)
      names.push_back(shard_name(*layout_, variable, time, member));
    return names;
  }

  bool is_member_file(std::string_view file) const override {
    const size_t slash = file.rfind('/');
    if (slash == std::string_view::npos) return false;
    const std::string variable(file.substr(0, slash));
    if (std::ranges::find(layout_->variables, variable) == layout_->variables.end()) return false;
    int member = 0, time = 0;
    const std::string_view name = file.substr(slash + 1);
    if (!name.starts_with("c.")) return false;
    const char* const end = name.data() + name.size();
    const auto [point, first_error] = std::from_chars(name.data() + 2, end, member);
    if (first_error != std::errc() || point == end) return false;
    const auto [rest, second_error] = std::from_chars(point + 1, end, time);
    return second_error == std::errc() && member >= 0 && member < layout_->members && time >= 0 &&
           time < static_cast<int>(layout_->times.size()) && file == shard_name(*layout_, variable, time, member);
  }

  std::vector<float> read(int variable, int time, int member, int lead) const override {
    std::vector<float> field(layout_->domain.size());
    read_shard(folder_ / shard_name(*layout_, layout_->variables.at(variable), time, member), layout_->compression,
               layout_->leads.size(), static_cast<size_t>(lead), field);
    return field;
  }

  const StoreLayout& layout() const override { return *layout_; }

 private:
  fs::path folder_;
  std::shared_ptr<const StoreLayout> layout_;  // shared with the writers
};

}  // namespace

std::unique_ptr<Store> open_zarr_store(const fs::path& folder, const StoreLayout& layout) {
  return std::make_unique<ZarrStore>(folder, layout);
}

}  // namespace hens
