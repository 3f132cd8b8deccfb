#include "store/grib_store.h"

#include <algorithm>
#include <cassert>
#include <charconv>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>

#include "base/checksum.h"
#include "base/error.h"
#include "base/ranged_file.h"
#include "store/grib_index.h"
#include "store/grib_output.h"

namespace hens {
namespace {

using Bytes = std::vector<std::byte>;

constexpr uint64_t largest_index = uint64_t{256} << 20;

// What of a layout all members share.
struct GribStoreFacts {
  GribStoreFacts(fs::path path, StoreLayout of)
      : folder(std::move(path)), layout(std::move(of)), headers(layout.domain.grid, layout.grib.made_by) {
    for (const std::string& variable : layout.variables) {
      const auto parameter = grib_parameter(variable);
      if (!parameter) fail(ExitCode::bad_spec, "'{}' has no code in GRIB2", variable);
      parameters.push_back(*parameter);
    }
  }

  size_t variables() const { return layout.variables.size(); }
  size_t leads() const { return layout.leads.size(); }
  bool by_lead() const { return layout.grib.files == GribFiles::lead; }
  size_t files() const { return by_lead() ? leads() : 1; }
  size_t messages_of_a_file() const { return by_lead() ? variables() : variables() * leads(); }

  // Of a member's files, without suffix.
  std::string file_name(int time, int member, size_t file) const {
    std::string name = fmt::format("{}_member_{:04d}", compact_time(layout.times.at(time)), member);
    if (by_lead()) name += fmt::format("_step_{:04d}", layout.leads.at(file) / std::chrono::hours(1));
    return name;
  }

  fs::path folder;
  StoreLayout layout;
  std::vector<GribParameter> parameters;  // [variable]
  GribHeaders headers;
};

GribMember member_of(const StoreLayout& layout, int member) {
  const GribLayout& grib = layout.grib;
  const bool control = grib.control && member == 0;
  GribMember made{.number = member, .of = layout.members, .perturbed = grib.perturbed && !control};
  if (!made.perturbed) {
    made.kind = 1;
  } else if (grib.signed_pairs) {
    made.kind = (member - (grib.control ? 1 : 0)) % 2 == 0 ? 3 : 2;
  }
  return made;
}

class GribMemberWriter final : public MemberWriter {
 public:
  GribMemberWriter(std::shared_ptr<const GribStoreFacts> facts, int time, int member)
      : facts_(std::move(facts)), time_(time), member_(member), next_(facts_->variables(), 0) {
    outputs_.resize(facts_->files());
  }

  int lane(int variable) const override { return variable; }

  // Called for several variables at a time: each has its own next_.
  void append(int variable, int lead, std::span<const float> field) override {
    size_t& next = next_.at(variable);
    if (next != static_cast<size_t>(lead) || next >= facts_->leads() || field.size() != facts_->layout.domain.size()) {
      throw std::logic_error(fmt::format("{}: lead {} of {} points of variable {} came where lead {} of {} was due",
                                         facts_->file_name(time_, member_, 0), lead, field.size(), variable, next,
                                         facts_->layout.domain.size()));
    }
    ++next;
    Bytes message = message_of(static_cast<size_t>(variable), static_cast<size_t>(lead), field);
    const std::lock_guard guard(mutex_);
    waiting_[static_cast<size_t>(lead) * facts_->variables() + static_cast<size_t>(variable)] = std::move(message);
    for (auto first = waiting_.begin(); first != waiting_.end() && first->first == written_;
         first = waiting_.erase(first)) {
      write(written_++, first->second);
    }
  }

  std::vector<StoredFile> finish() override {
    for (size_t v = 0; v < next_.size(); ++v) {
      if (next_[v] == facts_->leads()) continue;
      throw std::logic_error(fmt::format("{}: {} of {} leads of variable {} came before the end",
                                         facts_->file_name(time_, member_, 0), next_[v], facts_->leads(), v));
    }
    std::vector<StoredFile> stored;
    for (std::optional<GribOutput>& output : outputs_) {
      output->publish(stored);
      output.reset();
    }
    return stored;
  }

 private:
  GribProduct product_of(size_t variable, size_t lead) const {
    const StoreLayout& layout = facts_->layout;
    return {.parameter = facts_->parameters[variable],
            .time = layout.times.at(time_),
            .lead = layout.leads[lead],
            .member = member_of(layout, member_)};
  }

  Bytes message_of(size_t variable, size_t lead, std::span<const float> field) const {
    const GribParameter& parameter = facts_->parameters[variable];
    return grib_message(facts_->headers, product_of(variable, lead),
                        {parameter.exponent, facts_->layout.grib.bits, parameter.code.scale}, field);
  }

  void write(size_t number, const Bytes& message) {
    const size_t lead = number / facts_->variables(), variable = number % facts_->variables();
    const size_t file = facts_->by_lead() ? lead : 0;
    std::optional<GribOutput>& output = outputs_[file];
    if (!output) output.emplace(facts_->folder, facts_->file_name(time_, member_, file));
    output->append(message, grib_index_words(facts_->layout.domain.grid, product_of(variable, lead)));
  }

  std::shared_ptr<const GribStoreFacts> facts_;
  int time_, member_;
  std::vector<size_t> next_;  // lead that is due, by variable
  std::mutex mutex_;
  // Guarded by it.
  std::vector<std::optional<GribOutput>> outputs_;  // [file], opened with the first message
  std::map<size_t, Bytes> waiting_;                 // messages that came before their turn, by number
  size_t written_ = 0;                              // messages
};

class GribStore final : public Store {
 public:
  GribStore(fs::path folder, StoreLayout layout)
      : facts_(std::make_shared<const GribStoreFacts>(std::move(folder), std::move(layout))) {}

  std::vector<PrescribedFile> prescribed_files() const override { return {}; }
  std::vector<StoredFile> publish_metadata() override {
    make_folders(facts_->folder);
    return {};
  }

  std::unique_ptr<MemberWriter> member(int time, int member) override {
    return std::make_unique<GribMemberWriter>(facts_, time, member);
  }

  std::vector<std::string> member_files(int time, int member) const override {
    assert(member >= 0 && member < layout().members);
    std::vector<std::string> files;
    for (size_t file = 0; file < facts_->files(); ++file) {
      for (const char* suffix : {".grib2", ".index"}) files.push_back(facts_->file_name(time, member, file) + suffix);
    }
    return files;
  }

  bool is_member_file(std::string_view file) const override {
    constexpr std::string_view word = "_member_";
    const size_t at = file.find(word);
    if (at == std::string_view::npos) return false;
    const std::vector<Time>& times = layout().times;
    const auto time = std::ranges::find_if(times, [&](Time one) { return compact_time(one) == file.substr(0, at); });
    int member = -1;
    const std::string_view rest = file.substr(at + word.size());
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), member);
    if (time == times.end() || error != std::errc() || member < 0 || member >= layout().members) return false;
    const std::vector<std::string> files = member_files(static_cast<int>(time - times.begin()), member);
    return std::ranges::find(files, file) != files.end();
  }

  std::vector<float> read(int variable, int time, int member, int lead) const override {
    const auto v = static_cast<size_t>(variable), l = static_cast<size_t>(lead);
    assert(v < facts_->variables() && l < facts_->leads());
    const std::string name = facts_->file_name(time, member, facts_->by_lead() ? l : 0);
    const size_t number = facts_->by_lead() ? v : l * facts_->variables() + v;
    const fs::path index = facts_->folder / (name + ".index");
    const auto entry = find_in_grib_index(read_file(index, largest_index), number);
    if (!entry) damaged(index, fmt::format("it has no message number {}", number));
    const RangedFile file(facts_->folder / (name + ".grib2"));
    if (entry->offset > file.size() || entry->length > file.size() - entry->offset) {
      damaged(file.path(), fmt::format("message {} does not lie within it", number));
    }
    const Bytes message = file.read(entry->offset, entry->length);
    if (crc32c(message) != entry->crc) {
      damaged(file.path(), fmt::format("the checksum of message {} in its index does not match", number));
    }
    std::vector<float> field(layout().domain.size());
    if (!unpack_grib_field(message, facts_->parameters[v].code.scale, field)) {
      damaged(file.path(), fmt::format("message {} is not as it was written", number));
    }
    return field;
  }

  const StoreLayout& layout() const override { return facts_->layout; }

 private:
  [[noreturn]] static void damaged(const fs::path& path, const std::string& what) {
    fail(ExitCode::bad_input, "{}: is damaged: {}; run the job again to recompute this member", path.string(), what);
  }

  std::shared_ptr<const GribStoreFacts> facts_;  // shared with the writers
};

}  // namespace

std::unique_ptr<Store> open_grib_store(const fs::path& folder, const StoreLayout& layout) {
  return std::make_unique<GribStore>(folder, layout);
}

}  // namespace hens
