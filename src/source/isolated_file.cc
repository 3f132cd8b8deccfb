#include "source/isolated_file.h"

#include <atomic>
#include <cstring>
#include <map>
#include <stdexcept>

#include "base/decoder.h"
#include "base/error.h"
#include "source/cf_fields.h"
#include "source/grib_file.h"
#include "source/makani_file.h"
#include "source/remote_zarr.h"

namespace hens {
namespace {

using nlohmann::json;

std::unique_ptr<FieldFile> open_here(FieldFormat format, const fs::path& path, const std::string& origin,
                                     const ForecastChoice& choice) {
  switch (format) {
    case FieldFormat::grib:
      return open_grib_file(path, origin, choice);
    case FieldFormat::netcdf:
      return open_netcdf_fields(path, origin, choice);
    case FieldFormat::makani:
      return open_makani_file(path, origin);
    case FieldFormat::zarr:
      return open_zarr_fields(std::make_shared<ZarrFolder>(path, origin), origin, choice);
    case FieldFormat::climatology:
      return open_climatology(path, origin);
  }
  throw std::logic_error("a format of fields without a reader");
}

// Strings of files may hold any byte, which JSON's text may not; CBOR takes them as bytes.
json bytes_json(const std::string& text) { return json::binary({text.begin(), text.end()}); }
std::string bytes_of(const json& value) {
  const auto& bytes = value.get_binary();
  return {bytes.begin(), bytes.end()};
}

json choice_json(const ForecastChoice& choice) {
  json facts = json::object();
  if (choice.member) facts["member"] = *choice.member;
  if (choice.lead_time) facts["lead_time"] = choice.lead_time->count();
  return facts;
}

ForecastChoice choice_from(const json& facts) {
  ForecastChoice choice;
  if (facts.contains("member")) choice.member = facts["member"].get<int>();
  if (facts.contains("lead_time")) choice.lead_time = Duration(facts["lead_time"].get<int64_t>());
  return choice;
}

json part_json(const ObjectPart& part) {
  return {{"kind", static_cast<int>(part.kind)},
          {"key", bytes_json(part.key)},
          {"offset", part.offset},
          {"size", part.size},
          {"optional", part.optional}};
}

ObjectPart part_from(const json& facts) {
  return {static_cast<ObjectPart::Kind>(facts.at("kind").get<int>()), bytes_of(facts.at("key")), facts.at("offset"),
          facts.at("size"), facts.at("optional")};
}

// ---- in the worker ----

class FieldFileSession : public DecodeSession {
 public:
  DecodeMessage answer(const DecodeMessage& request) override {
    const json& facts = request.facts;
    if (facts.contains("store")) take_staged(facts);
    try {
      const std::string op = facts.at("op");
      if (op == "open") return open(facts);
      if (op == "read") return read(facts);
      const FieldFile& file = *files_.at(facts.at("file").get<size_t>());
      return {{{"content", bytes_json(file.content())}}, {}, {}};
    } catch (const MissingObjects& missing) {  // to be asked again with these
      json needs = json::array();
      for (const ObjectPart& part : missing.parts) needs.push_back(part_json(part));
      return {{{"needs", needs}}, {}, {}};
    }
  }

 private:
  DecodeMessage open(const json& facts) {
    const auto format = static_cast<FieldFormat>(facts.at("format").get<int>());
    const ForecastChoice choice = choice_from(facts.at("choice"));
    const std::string origin = bytes_of(facts.at("origin"));
    if (facts.contains("store")) {
      files_.push_back(open_zarr_fields(stores_.at(facts.at("store")), origin, choice));
    } else {
      files_.push_back(open_here(format, bytes_of(facts.at("path")), origin, choice));
    }
    return {{{"file", files_.size() - 1}}, {}, {}};
  }

  // The answer's data: the field; more: the bytes that its digest is of, unless these are the field's.
  DecodeMessage read(const json& facts) {
    FieldFile& file = *files_.at(facts.at("file").get<size_t>());
    const auto channels = facts.at("channels").get<std::vector<std::string>>();
    const LatLonGrid grid{facts.at("lat").get<std::vector<double>>(), facts.at("lon").get<std::vector<double>>()};
    const Time time{Duration(facts.at("time").get<int64_t>())};
    FileUse use;
    use.bytes = facts.at("bytes");
    const uint64_t before = use.bytes;
    std::vector<std::byte> used;
    use.record = &used;
    FieldRequest request{channels, facts.at("index"), time, grid, facts.at("gravity")};
    if (facts.contains("quantile")) request.quantile = facts.at("quantile").get<double>();
    auto field = file.read(request, use);
    if (!field) return {{{"found", false}}, {}, {}};
    json notes = json::array();
    for (const std::string& note : use.notes) notes.push_back(bytes_json(note));
    struct Owned {
      std::vector<float> field;
      std::vector<std::byte> used;
    };
    const auto owned = std::make_shared<const Owned>(Owned{std::move(*field), std::move(used)});
    const auto values = std::as_bytes(std::span(owned->field));
    const bool same =
        owned->used.size() == values.size() && std::memcmp(owned->used.data(), values.data(), values.size()) == 0;
    DecodeMessage answer;
    answer.facts = {{"found", true}, {"notes", notes}, {"used", use.bytes - before}, {"points", owned->field.size()}};
    answer.data = values;
    if (!same) answer.more = owned->used;
    answer.owner = owned;
    return answer;
  }

  // Objects of a store at an address that were brought since the last request.
  void take_staged(const json& facts) {
    std::shared_ptr<StagedObjects>& store = stores_[facts.at("store")];
    if (!store) store = std::make_shared<StagedObjects>(bytes_of(facts.at("origin")));
    for (const json& staged : facts.at("staged")) store->put(part_from(staged), bytes_of(staged.at("path")));
  }

  std::vector<std::unique_ptr<FieldFile>> files_;
  std::map<size_t, std::shared_ptr<StagedObjects>> stores_;
};

std::unique_ptr<DecodeSession> make_session() { return std::make_unique<FieldFileSession>(); }

// ---- in the program ----

// A store at an address, and the number that the worker knows it by.
struct StoreElsewhere {
  RemoteZarr objects;
  size_t number = 0;
};

class IsolatedFile : public FieldFile {
 public:
  IsolatedFile(std::shared_ptr<Decoder> decoder, FieldFormat format, const fs::path& path, std::string origin,
               const ForecastChoice& choice, std::optional<StoreElsewhere> elsewhere = std::nullopt)
      : decoder_(std::move(decoder)), origin_(std::move(origin)), elsewhere_(std::move(elsewhere)) {
    std::error_code none;
    const uint64_t size = elsewhere_ ? 0 : fs::file_size(path, none);
    if (!none) limits_.file_bytes = size;
    const json facts{{"op", "open"},
                     {"format", static_cast<int>(format)},
                     {"path", bytes_json(path.string())},
                     {"origin", bytes_json(origin_)},
                     {"choice", choice_json(choice)}};
    file_ = ask(facts, origin_).facts.at("file");
  }

  std::optional<std::vector<float>> read(const FieldRequest& request, FileUse& use) override {
    json facts{{"op", "read"},
               {"file", file_},
               {"channels", request.channels},
               {"index", request.index},
               {"time", request.time.time_since_epoch().count()},
               {"lat", request.grid.lat},
               {"lon", request.grid.lon},
               {"gravity", request.gravity},
               {"bytes", use.bytes}};
    if (request.quantile) facts["quantile"] = *request.quantile;
    const std::string what = fmt::format("{}: channel {}", origin_, request.channel());
    const DecodeMessage answer = ask(facts, what);
    if (!answer.facts.at("found").get<bool>()) return std::nullopt;
    const size_t points = answer.facts.at("points"), bytes = points * sizeof(float);
    if (points != request.grid.points() || answer.data.size() != bytes) {
      fail(ExitCode::bad_input, "{}: {} values came of a grid of {} points", what, points, request.grid.points());
    }
    std::vector<float> field(points);
    std::memcpy(field.data(), answer.data.data(), bytes);
    for (const json& note : answer.facts.at("notes")) use.notes.push_back(bytes_of(note));
    use.bytes += answer.facts.at("used").get<uint64_t>();
    use.digest.update(answer.more.empty() ? answer.data : answer.more);
    return field;
  }

  std::string content() const override {
    const json facts{{"op", "content"}, {"file", file_}};
    return bytes_of(ask(facts, origin_).facts.at("content"));
  }

 private:
  // The worker's answer. What it needs of a store elsewhere is brought in between.
  DecodeMessage ask(json facts, const std::string& what) const {
    if (!elsewhere_) return decoder_->call({facts, {}, {}}, what, limits_);
    facts["store"] = elsewhere_->number;
    facts["origin"] = bytes_json(origin_);
    facts["staged"] = json::array();
    for (int round = 0; round < most_rounds; ++round) {
      DecodeMessage answer = decoder_->call({facts, {}, {}}, what, limits_);
      if (!answer.facts.contains("needs")) return answer;
      std::vector<ObjectPart> parts;
      for (const json& part : answer.facts.at("needs")) parts.push_back(part_from(part));
      if (parts.size() > most_objects) {
        fail(
            ExitCode::bad_input,
            "{}: lies in {} objects of the store: at most {} are fetched for one field; copy the store, or write it in "
            "larger chunks",
            what, parts.size(), most_objects);
      }
      facts["staged"] = staged(parts);
    }
    fail(ExitCode::bad_input, "{}: asks for one object of the store after the other without an end", what);
  }

  json staged(const std::vector<ObjectPart>& parts) const {
    const std::vector<fs::path> paths = elsewhere_->objects.bring(parts);
    json staged = json::array();
    for (size_t k = 0; k < parts.size(); ++k) {
      json part = part_json(parts[k]);
      part["path"] = bytes_json(paths[k].string());
      staged.push_back(std::move(part));
    }
    return staged;
  }

  static constexpr int most_rounds = 1000;
  static constexpr size_t most_objects = 4096;

  std::shared_ptr<Decoder> decoder_;
  std::string origin_;
  std::optional<StoreElsewhere> elsewhere_;
  DecodeLimits limits_;
  size_t file_ = 0;
};

}  // namespace

OpenFieldFile isolated_opener(FieldFormat format, const ForecastChoice& choice) {
  return [format, choice, decoder = std::make_shared<Decoder>(make_session)](const fs::path& path,
                                                                             const std::string& origin) {
    return std::make_unique<IsolatedFile>(decoder, format, path, origin, choice);
  };
}

OpenFieldFile isolated_zarr_opener(const ForecastChoice& choice, Downloader& downloader) {
  const auto stores = std::make_shared<std::atomic<size_t>>(0);
  return [choice, &downloader, stores, decoder = std::make_shared<Decoder>(make_session)](const fs::path& path,
                                                                                          const std::string& origin) {
    const std::string address = downloader.resolve(origin);
    if (address.find("://") == std::string::npos) {
      const fs::path folder = origin.find("://") == std::string::npos ? path : fs::path(address);
      return std::make_unique<IsolatedFile>(decoder, FieldFormat::zarr, fs::absolute(folder), origin, choice);
    }
    return std::make_unique<IsolatedFile>(decoder, FieldFormat::zarr, fs::path(), origin, choice,
                                          StoreElsewhere{RemoteZarr(origin, downloader), ++*stores});
  };
}

}  // namespace hens
