#include "source/isolated_file.h"

#include <cstring>
#include <stdexcept>

#include "base/decoder.h"
#include "base/error.h"
#include "source/grib_file.h"
#include "source/makani_file.h"
#include "source/netcdf_fields.h"
#include "source/zarr_fields.h"

namespace hens {
namespace {

using nlohmann::json;

std::unique_ptr<FieldFile> open_here(FieldFormat format, const fs::path& path, const std::string& origin) {
  switch (format) {
    case FieldFormat::grib:
      return open_grib_file(path, origin);
    case FieldFormat::netcdf:
      return open_netcdf_fields(path, origin);
    case FieldFormat::makani:
      return open_makani_file(path, origin);
    case FieldFormat::zarr:
      return open_zarr_fields(path, origin);
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

// ---- in the worker ----

class FieldFileSession : public DecodeSession {
 public:
  DecodeMessage answer(const DecodeMessage& request) override {
    const json& facts = request.facts;
    const std::string op = facts.at("op");
    if (op == "open") return open(facts);
    if (op == "read") return read(facts);
    const FieldFile& file = *files_.at(facts.at("file").get<size_t>());
    return {{{"content", bytes_json(file.content())}}, {}, {}};
  }

 private:
  DecodeMessage open(const json& facts) {
    const auto format = static_cast<FieldFormat>(facts.at("format").get<int>());
    files_.push_back(open_here(format, bytes_of(facts.at("path")), bytes_of(facts.at("origin"))));
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

  std::vector<std::unique_ptr<FieldFile>> files_;
};

std::unique_ptr<DecodeSession> make_session() { return std::make_unique<FieldFileSession>(); }

// ---- in the program ----

class IsolatedFile : public FieldFile {
 public:
  IsolatedFile(std::shared_ptr<Decoder> decoder, FieldFormat format, const fs::path& path, std::string origin)
      : decoder_(std::move(decoder)), origin_(std::move(origin)) {
    std::error_code none;
    const uint64_t size = fs::file_size(path, none);
    if (!none) limits_.file_bytes = size;
    const json facts{{"op", "open"},
                     {"format", static_cast<int>(format)},
                     {"path", bytes_json(path.string())},
                     {"origin", bytes_json(origin_)}};
    file_ = decoder_->call({facts, {}, {}}, origin_, limits_).facts.at("file");
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
    const DecodeMessage answer = decoder_->call({facts, {}, {}}, what, limits_);
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
    return bytes_of(decoder_->call({facts, {}, {}}, origin_, limits_).facts.at("content"));
  }

 private:
  std::shared_ptr<Decoder> decoder_;
  std::string origin_;
  DecodeLimits limits_;
  size_t file_ = 0;
};

}  // namespace

OpenFieldFile isolated_opener(FieldFormat format) {
  return [format, decoder = std::make_shared<Decoder>(make_session)](const fs::path& path, const std::string& origin) {
    return std::make_unique<IsolatedFile>(decoder, format, path, origin);
  };
}

}  // namespace hens
