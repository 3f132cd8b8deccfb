#include "store/netcdf_store.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <optional>
#include <stdexcept>

#include "base/checksum.h"
#include "base/error.h"
#include "store/bit_rounding.h"
#include "store/netcdf_output.h"
#include "store/store_arrays.h"

namespace hens {
namespace {

class NetcdfMemberWriter final : public MemberWriter {
 public:
  NetcdfMemberWriter(const fs::path& folder, std::string name, StoreArrays arrays, NetcdfLayout layout, size_t leads)
      : path_(folder / name),
        name_(std::move(name)),
        arrays_(std::move(arrays)),
        layout_(std::move(layout)),
        leads_(leads),
        written_(arrays_.places.size(), 0) {}

  void append(int variable, int lead, std::span<const float> field) override {
    if (!output_) output_.emplace(path_, layout_);
    size_t& written = written_.at(variable);
    if (written != static_cast<size_t>(lead) || lead >= static_cast<int>(leads_) || field.size() != points()) {
      throw std::logic_error(fmt::format("{}: lead {} of {} points of variable {} came where lead {} of {} was due",
                                         name_, lead, field.size(), variable, written, points()));
    }
    const auto v = static_cast<size_t>(variable);
    output_->put(static_cast<int>(arrays_.places[v].array), arrays_.index(v, 0, 0, written++), field);
  }

  std::vector<StoredFile> finish() override {
    for (size_t v = 0; v < written_.size(); ++v) {
      if (written_[v] == leads_) continue;
      throw std::logic_error(
          fmt::format("{}: {} of {} leads of variable {} came before the end", name_, written_[v], leads_, v));
    }
    PendingFile file(path_);
    Sha256 digest;
    output_->close([&](std::span<const std::byte> piece) {
      digest.update(piece);
      file.write(piece);
    });
    output_.reset();
    file.publish();
    return {{name_, file.size(), digest.hex()}};
  }

 private:
  size_t points() const { return layout_.fields.front().field_size(); }

  fs::path path_;
  std::string name_;
  StoreArrays arrays_;
  NetcdfLayout layout_;
  size_t leads_;
  std::vector<size_t> written_;         // leads, by variable
  std::optional<NetcdfOutput> output_;  // opened with the first field
};

class NetcdfStore final : public Store {
 public:
  NetcdfStore(fs::path folder, StoreLayout layout)
      : folder_(std::move(folder)), layout_(std::move(layout)), arrays_(store_arrays(layout_, 1, 1)) {}

  // Each file has its own metadata and coordinates.
  std::vector<PrescribedFile> prescribed_files() const override { return {}; }
  std::vector<StoredFile> publish_metadata() override {
    make_folders(folder_);
    return {};
  }

  std::unique_ptr<MemberWriter> member(int time, int member) override {
    return with_rounding(layout_,
                         std::make_unique<NetcdfMemberWriter>(folder_, file_name(time, member), arrays_,
                                                              file_layout(time, member), layout_.leads.size()));
  }

  std::vector<std::string> member_files(int time, int member) const override { return {file_name(time, member)}; }

  bool is_member_file(std::string_view file) const override {
    constexpr std::string_view word = "_member_";
    const size_t at = file.find(word);
    if (at == std::string_view::npos) return false;
    const auto same_time = [&](Time time) { return compact_time(time) == file.substr(0, at); };
    const auto time = std::ranges::find_if(layout_.times, same_time);
    int member = -1;
    const std::string_view rest = file.substr(at + word.size());
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), member);
    return time != layout_.times.end() && error == std::errc() && member >= 0 && member < layout_.members &&
           file == file_name(static_cast<int>(time - layout_.times.begin()), member);
  }

  std::vector<float> read(int variable, int time, int member, int lead) const override {
    std::vector<float> field(layout_.domain.size());
    const auto v = static_cast<size_t>(variable);
    read_netcdf_field(folder_ / file_name(time, member), arrays_.array_of(v).name,
                      arrays_.index(v, 0, 0, static_cast<size_t>(lead)), layout_.domain.shape(), field);
    return field;
  }

  const StoreLayout& layout() const override { return layout_; }

 private:
  std::string file_name(int time, int member) const {
    assert(member >= 0 && member < layout_.members);
    return fmt::format("{}_member_{:04d}.nc", compact_time(layout_.times.at(time)), member);
  }

  NetcdfLayout file_layout(int time, int member) const {
    return {.coordinates = store_coordinates(layout_, {member}, {layout_.times.at(time)}),
            .fields = arrays_.fields,
            .attributes = store_attributes(layout_),
            .deflate = layout_.compression != Compression::none};
  }

  fs::path folder_;
  StoreLayout layout_;
  StoreArrays arrays_;  // of one member and time, as each file has it
};

}  // namespace

std::unique_ptr<Store> open_netcdf_store(const fs::path& folder, const StoreLayout& layout) {
  return std::make_unique<NetcdfStore>(folder, layout);
}

}  // namespace hens
