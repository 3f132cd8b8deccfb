#include "store/grib_header.h"

#include <cmath>
#include <span>
#include <string>

#include "base/eccodes_lock.h"
#include "base/error.h"
#include "store/grib_bytes.h"

namespace hens {
namespace {

constexpr long hour = 1;  // code table 4.4

struct Delete {
  void operator()(codes_handle* handle) const noexcept { codes_handle_delete(handle); }
};
using Handle = std::unique_ptr<codes_handle, Delete>;

// Keys of one message being made. Lives within an EccodesLock.
class Message {
 public:
  explicit Message(Handle handle) : handle_(std::move(handle)) {}

  void set(const char* key, long value) { check(codes_set_long(handle_.get(), key, value), key); }
  void set_missing(const char* key) { check(codes_set_missing(handle_.get(), key), key); }

  std::span<const std::byte> bytes() const {
    const void* message = nullptr;
    size_t size = 0;
    check(codes_get_message(handle_.get(), &message, &size), "message");
    return {static_cast<const std::byte*>(message), size};
  }

  Handle take() { return std::move(handle_); }

 private:
  static void check(int status, const char* key) {
    if (status == CODES_SUCCESS) return;
    fail(ExitCode::missing_input,
         "ecCodes cannot write '{}' into a GRIB2 message: {}; its tables are those of {}: install libeccodes-data, and "
         "share/hens/eccodes beside hens",
         key, codes_get_error_message(status), codes_definition_path(nullptr));
  }

  Handle handle_;
};

long micro_degrees(double degrees) { return std::lround(degrees * 1e6); }

long eastward(double lon) { return micro_degrees(lon < 0.0 ? lon + 360.0 : lon); }

// Section 3, template 3.0: rows from north, columns eastward.
void set_grid(Message& message, const LatLonGrid& grid) {
  const std::vector<double>& lat = grid.lat;
  const std::vector<double>& lon = grid.lon;
  message.set("gridDefinitionTemplateNumber", 0);
  message.set("shapeOfTheEarth", 6);  // a sphere of 6371229 m
  message.set("Ni", grid.nlon());
  message.set("Nj", grid.nlat());
  message.set("numberOfDataPoints", static_cast<long>(grid.points()));
  message.set("basicAngleOfTheInitialProductionDomain", 0);
  message.set_missing("subdivisionsOfBasicAngle");
  message.set("latitudeOfFirstGridPoint", micro_degrees(lat.front()));
  message.set("latitudeOfLastGridPoint", micro_degrees(lat.back()));
  message.set("longitudeOfFirstGridPoint", eastward(lon.front()));
  message.set("longitudeOfLastGridPoint", eastward(lon.back()));
  // Increments are said where there are several rows or columns; wind components are eastward and northward.
  const bool rows = lat.size() > 1, columns = lon.size() > 1;
  message.set("resolutionAndComponentFlags", (columns ? 32 : 0) + (rows ? 16 : 0));
  if (columns) {
    message.set("iDirectionIncrement", micro_degrees((lon.back() - lon.front()) / (grid.nlon() - 1)));
  } else {
    message.set_missing("iDirectionIncrement");
  }
  if (rows) {
    message.set("jDirectionIncrement", micro_degrees((lat.front() - lat.back()) / (grid.nlat() - 1)));
  } else {
    message.set_missing("jDirectionIncrement");
  }
  message.set("scanningMode", 0);
}

void set_time(Message& message, Time time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{time - day};
  message.set("significanceOfReferenceTime", 1);  // start of the forecast
  message.set("year", static_cast<int>(date.year()));
  message.set("month", static_cast<unsigned>(date.month()));
  message.set("day", static_cast<unsigned>(date.day()));
  message.set("hour", clock.hours().count());
  message.set("minute", clock.minutes().count());
  message.set("second", clock.seconds().count());
}

// WMO's templates: at a time, and of a window.
int template_of(const GribProduct& product) {
  const bool window = product.window.has_value();
  if (product.member) return product.member->of > most_grib_members ? (window ? 118 : 117) : (window ? 11 : 1);
  if (product.derived) return window ? 12 : 2;
  if (product.probability) return product.probability->of > most_grib_members ? (window ? 120 : 119) : (window ? 9 : 5);
  if (product.quantile.value().of == 100) return window ? 10 : 6;
  return window ? 87 : 86;
}

bool is_large(int product_template) { return product_template >= 117 && product_template <= 120; }

// Code table 1.4: 3 control, 4 perturbed, 5 both.
long processed_data(const GribProduct& product) {
  if (product.member) return product.member->perturbed ? 4 : 3;
  return 5;
}

void set_height(Message& message, const std::string& which, const GribSurface& surface) {
  const std::string factor = "scaleFactorOf" + which + "FixedSurface", value = "scaledValueOf" + which + "FixedSurface";
  if (surface.value) {
    message.set(factor.c_str(), 0);
    message.set(value.c_str(), *surface.value);
  } else {
    message.set_missing(factor.c_str());
    message.set_missing(value.c_str());
  }
}

// Types first: setting one of them clears the heights.
void set_surfaces(Message& message, const GribParameter& parameter) {
  message.set("typeOfFirstFixedSurface", parameter.first.type);
  message.set("typeOfSecondFixedSurface", parameter.second.type);
  set_height(message, "First", parameter.first);
  set_height(message, "Second", parameter.second);
}

// What was left out of the count of a mean's members where one byte cannot say it: "missing".
long count_of(int members) { return members > most_grib_members ? 255 : members; }

void set_member(Message& message, const GribMember& member) {
  message.set("typeOfEnsembleForecast", member.kind);
  message.set("perturbationNumber", member.number);
  message.set("numberOfForecastsInEnsemble", member.of);
}

void set_derived(Message& message, const GribDerived& derived) {
  message.set("derivedForecast", derived.what);
  message.set("numberOfForecastsInEnsemble", count_of(derived.of));
}

// `limit` as value / 10^factor, with as few decimals as it has.
void set_limit(Message& message, const char* which, double limit) {
  long factor = 0;
  double scaled = limit;
  constexpr double most = 2e9;  // 31 bits
  while (factor < 12 && std::fabs(scaled * 10.0) < most &&
         std::fabs(scaled - std::round(scaled)) > 1e-6 * std::fabs(scaled)) {
    scaled = limit * std::pow(10.0, static_cast<double>(++factor));
  }
  const std::string name = std::string("Of") + which + "Limit";
  message.set(("scaleFactor" + name).c_str(), factor);
  message.set(("scaledValue" + name).c_str(), std::lround(scaled));
}

void set_probability(Message& message, const GribProbability& probability) {
  if (probability.of > most_grib_members) {
    message.set("typeOfEnsembleForecast", 255);
    message.set("numberOfForecastsInEnsemble", probability.of);
  }
  message.set("forecastProbabilityNumber", probability.number);
  message.set("totalNumberOfForecastProbabilities", probability.count);
  message.set("probabilityType", probability.type);
  // Type 1, above, has an upper limit in WMO's words; type 3, above the lower limit, a lower one.
  const bool lower = probability.type == 3;
  const char* absent = lower ? "Upper" : "Lower";
  set_limit(message, lower ? "Lower" : "Upper", probability.limit);
  message.set_missing((std::string("scaleFactorOf") + absent + "Limit").c_str());
  message.set_missing((std::string("scaledValueOf") + absent + "Limit").c_str());
}

void set_quantile(Message& message, const GribQuantile& quantile) {
  if (quantile.of == 100) return message.set("percentileValue", quantile.value);
  message.set("totalNumberOfQuantiles", quantile.of);
  message.set("quantileValue", quantile.value);
}

// Code table 4.10.
long window_process(Reduce reduce) {
  switch (reduce) {
    case Reduce::mean:
      return 0;
    case Reduce::max:
      return 2;
    case Reduce::min:
      return 3;
    case Reduce::sum:
      return 11;
    case Reduce::none:
      break;
  }
  return 255;
}

long hours_of(Duration duration) { return duration / std::chrono::hours(1); }

void set_window(Message& message, const GribProduct& product) {
  const Time end = product.time + product.lead;
  const auto day = std::chrono::floor<std::chrono::days>(end);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{end - day};
  message.set("yearOfEndOfOverallTimeInterval", static_cast<int>(date.year()));
  message.set("monthOfEndOfOverallTimeInterval", static_cast<unsigned>(date.month()));
  message.set("dayOfEndOfOverallTimeInterval", static_cast<unsigned>(date.day()));
  message.set("hourOfEndOfOverallTimeInterval", clock.hours().count());
  message.set("minuteOfEndOfOverallTimeInterval", clock.minutes().count());
  message.set("secondOfEndOfOverallTimeInterval", clock.seconds().count());
  message.set("numberOfTimeRange", 1);
  message.set("numberOfMissingInStatisticalProcess", 0);
  message.set("typeOfStatisticalProcessing", window_process(product.window->reduce));
  message.set("typeOfTimeIncrement", 2);  // one forecast, at successive times
  message.set("indicatorOfUnitForTimeRange", hour);
  message.set("lengthOfTimeRange", hours_of(product.window->length));
  message.set("indicatorOfUnitForTimeIncrement", hour);
  message.set("timeIncrement", hours_of(model_step));
}

void set_product(Message& message, const GribProduct& product, const GribSpec& made_by) {
  const GribParameter& parameter = product.parameter;
  message.set("discipline", parameter.code.discipline);
  message.set("productDefinitionTemplateNumber", template_of(product));
  message.set("parameterCategory", parameter.code.category);
  message.set("parameterNumber", parameter.code.number);
  message.set("typeOfGeneratingProcess", product.probability ? 5 : 4);  // probability, ensemble forecast
  message.set("backgroundProcess", 255);
  message.set("generatingProcessIdentifier", made_by.process);
  message.set_missing("hoursAfterDataCutoff");
  message.set_missing("minutesAfterDataCutoff");
  message.set("indicatorOfUnitOfTimeRange", hour);
  const Duration start = product.window ? product.lead - product.window->length : product.lead;
  message.set("forecastTime", hours_of(start));
  set_surfaces(message, parameter);
  if (product.member) set_member(message, *product.member);
  if (product.derived) set_derived(message, *product.derived);
  if (product.probability) set_probability(message, *product.probability);
  if (product.quantile) set_quantile(message, *product.quantile);
  if (product.window) set_window(message, product);
}

}  // namespace

GribQuantile grib_quantile(double level) {
  constexpr int most = 65'535;
  const auto says = [&](int of) { return std::fabs(level * of - std::rint(level * of)) < 1e-9 * of; };
  int of = 100;
  if (!says(of)) {
    for (of = 2; of < most && !says(of);) ++of;
  }
  return {static_cast<int>(std::lround(level * of)), of};
}

struct GribHeaders::Frame {
  Handle handle;  // with the grid, and who made it
};

GribHeaders::GribHeaders(const LatLonGrid& grid, const GribSpec& made_by) : grid_(grid), made_by_(made_by) {}

GribHeaders::~GribHeaders() {
  const EccodesLock held;
  frame_.reset();
}

std::vector<std::byte> GribHeaders::header(const GribProduct& product) const {
  const EccodesLock held;
  if (!frame_) {
    Handle sample(codes_grib_handle_new_from_samples(nullptr, "GRIB2"));
    if (!sample) {
      fail(ExitCode::missing_input,
           "ecCodes has no sample GRIB2 in {}: install libeccodes-data, or set "
           "ECCODES_SAMPLES_PATH",
           codes_samples_path(nullptr));
    }
    Message made(std::move(sample));
    made.set("centre", made_by_.centre);
    made.set("subCentre", made_by_.sub_centre);
    made.set("tablesVersion", 28);
    made.set("localTablesVersion", 0);
    made.set("productionStatusOfProcessedData", 2);  // research products
    set_grid(made, grid_);
    frame_ = std::make_unique<Frame>(made.take());
  }
  Message message(Handle(codes_handle_clone(frame_->handle.get())));
  if (is_large(template_of(product))) message.set("tablesVersion", 32);  // the first that has the template
  message.set("typeOfProcessedData", processed_data(product));
  set_time(message, product.time);
  set_product(message, product, made_by_);
  std::vector<std::byte> made;
  GribSections sections;
  if (!find_grib_sections(message.bytes(), sections) || !sections[2].empty()) {
    fail(ExitCode::bug, "ecCodes made a GRIB2 message of other sections than were expected");
  }
  for (const size_t number : {0, 1, 3, 4}) made.insert(made.end(), sections[number].begin(), sections[number].end());
  return made;
}

}  // namespace hens
