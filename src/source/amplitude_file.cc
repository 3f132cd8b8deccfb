#include "source/amplitude_file.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "base/decoder.h"
#include "base/error.h"
#include "grid/channels.h"
#include "source/netcdf_file.h"

namespace hens {
namespace {

using nlohmann::json;

constexpr size_t most_entries = 100'000;  // of an axis

bool is_channel_axis(const std::string& name) { return name == "channel" || name == "variable"; }

const DatasetVariable& errors_of(const NetcdfFile& file) {
  const auto has_channels = [](const DatasetVariable& variable) {
    return variable.numeric && std::ranges::any_of(variable.dimensions, is_channel_axis);
  };
  const DatasetVariable* found = file.find("value");
  if (found != nullptr && has_channels(*found)) return *found;
  found = nullptr;
  for (const DatasetVariable& variable : file.variables()) {
    if (!has_channels(variable)) continue;
    if (found != nullptr) {
      fail(ExitCode::bad_input, "{}: has {} and {} by channel: expected one of them, or one that is called value",
           file.origin(), found->name, variable.name);
    }
    found = &variable;
  }
  if (found == nullptr) fail(ExitCode::bad_input, "{}: has no variable with a dimension channel", file.origin());
  return *found;
}

double hours_of_unit(const std::string& unit) {
  static const std::map<std::string, double> hours{{"", 1.0},
                                                   {"hours", 1.0},
                                                   {"hour", 1.0},
                                                   {"h", 1.0},
                                                   {"days", 24.0},
                                                   {"day", 24.0},
                                                   {"minutes", 1.0 / 60.0},
                                                   {"seconds", 1.0 / 3600.0},
                                                   {"s", 1.0 / 3600.0},
                                                   {"nanoseconds", 1.0 / 3.6e12}};
  const auto found = hours.find(unit);
  return found == hours.end() ? std::nan("") : found->second;
}

// Where along its axis the lead time stands.
size_t lead_index(const NetcdfFile& file, const std::string& axis, Duration wanted) {
  const DatasetVariable* leads = file.find(axis);
  if (leads == nullptr || !leads->numeric || leads->shape.size() != 1 || leads->size() > most_entries) {
    fail(ExitCode::bad_input, "{}: has no lead times along its dimension {}", file.origin(), axis);
  }
  const double unit = hours_of_unit(file.text(*leads, "units"));
  const double hours = std::chrono::duration<double, std::ratio<3600>>(wanted).count();
  const std::vector<double> values = file.read_all(*leads);
  const auto found =
      std::ranges::find_if(values, [&](double value) { return std::abs(value * unit - hours) < 1.0 / 3600.0; });
  if (found == values.end()) {
    fail(ExitCode::bad_input, "{}: has no lead time of {}: expected it among the {} along {}", file.origin(),
         duration_text(wanted), values.size(), axis);
  }
  return static_cast<size_t>(found - values.begin());
}

std::vector<std::string> names_along(const NetcdfFile& file, const std::string& axis) {
  const DatasetVariable* names = file.find(axis);
  if (names == nullptr || names->shape.size() != 1 || names->size() > most_entries) {
    fail(ExitCode::bad_input, "{}: has no names along its dimension {}", file.origin(), axis);
  }
  std::vector<std::string> found;
  for (size_t k = 0; k < names->size(); ++k) found.push_back(canonical_channel(file.label(*names, k)));
  return found;
}

// {channel: value}
json errors_by_channel(const fs::path& path, Duration lead_time) {
  const NetcdfFile file(path, path.string());
  const DatasetVariable& errors = errors_of(file);
  std::vector<size_t> start(errors.shape.size(), 0), count(errors.shape.size(), 1);
  std::vector<std::string> names;
  for (size_t axis = 0; axis < errors.shape.size(); ++axis) {
    const std::string& name = errors.dimensions[axis];
    if (is_channel_axis(name)) {
      names = names_along(file, name);
      count[axis] = names.size();
    } else if (name == "lead_time" || name == "prediction_timedelta" || name == "step") {
      start[axis] = lead_index(file, name, lead_time);
    } else if (errors.shape[axis] != 1) {
      fail(ExitCode::bad_input, "{}: {} has {} entries along {}: expected one", file.origin(), errors.name,
           errors.shape[axis], name);
    }
  }
  const std::vector<double> values = file.read(errors, start, count);
  json by_channel = json::object();
  for (size_t k = 0; k < names.size(); ++k) {
    if (std::isfinite(values[k])) by_channel[names[k]] = values[k];  // JSON has no other numbers
  }
  return by_channel;
}

class AmplitudeSession : public DecodeSession {
 public:
  DecodeMessage answer(const DecodeMessage& request) override {
    return {errors_by_channel(request.facts.at("path").get<std::string>(), Duration(request.facts.at("lead")))};
  }
};

std::unique_ptr<DecodeSession> make_session() { return std::make_unique<AmplitudeSession>(); }

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::ranges::find(names, name) != names.end();
}

}  // namespace

Amplitudes read_amplitudes(const AmplitudeFile& file, const std::vector<std::string>& of_model) {
  check_regular_file(file.path);
  Decoder decoder(make_session);
  const json found = decoder.call({{{"path", file.path}, {"lead", file.lead_time.count()}}}, file.path).facts;
  for (const std::string& channel : file.channels) {
    if (!found.contains(channel)) fail(ExitCode::bad_input, "{}: has no finite value of {}", file.path, channel);
  }
  Amplitudes amplitudes;
  for (const auto& [channel, value] : found.items()) {
    if (!contains(file.channels.empty() ? of_model : file.channels, channel)) continue;
    const double amplitude = value.get<double>() * file.factor;
    if (!(amplitude >= 0.0)) {
      fail(ExitCode::bad_input, "{}: {} is {}, expected at least 0", file.path, channel, value.get<double>());
    }
    amplitudes[channel] = {amplitude, false};
  }
  if (amplitudes.empty()) {
    fail(ExitCode::bad_input, "{}: has none of the model's channels, as {}", file.path,
         of_model.empty() ? "z500" : of_model.back());
  }
  return amplitudes;
}

}  // namespace hens
