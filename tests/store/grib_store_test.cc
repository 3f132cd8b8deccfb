// GRIB2 stores: what ecCodes reads in them, and what the store promises.
#include "store/grib_store.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/checksum.h"
#include "base/error.h"
#include "grid/grib_codes.h"
#include "store/grib_bytes.h"
#include "support/eccodes_message.h"
#include "support/test_data.h"
#include "support/toy_store.h"

namespace hens {
namespace {

using test::EccodesMessage;
using test::toy_field;
using test::toy_layout;

// The messages of a file, by their lengths.
std::vector<std::vector<std::byte>> messages_of(const fs::path& path) {
  const std::string text = read_file(path);
  const auto bytes = std::as_bytes(std::span(text));
  std::vector<std::vector<std::byte>> messages;
  for (size_t at = 0; at + 16 <= bytes.size();) {
    const size_t length = big_endian(bytes, at + 8, 8);
    messages.emplace_back(bytes.begin() + at, bytes.begin() + at + length);
    at += length;
  }
  return messages;
}

StoreLayout grib_layout(GribFiles files = GribFiles::member) {
  StoreLayout layout = toy_layout(StoreFormat::grib2);
  layout.grib.files = files;
  layout.grib.perturbed = true;
  return layout;
}

class GribStore : public testing::TestWithParam<GribFiles> {
 protected:
  const test::TemporaryFolder folder;
  const StoreLayout layout = grib_layout(GetParam());
  const std::unique_ptr<Store> store = open_store(folder / "s", layout);
};
INSTANTIATE_TEST_SUITE_P(Files, GribStore, testing::Values(GribFiles::member, GribFiles::lead),
                         [](const auto& info) { return info.param == GribFiles::member ? "member" : "lead"; });

TEST_P(GribStore, GivesBackEachFieldToHalfAStep) {
  test::write_all(*store);
  for (int v = 0; v < 2; ++v) {
    const double half = std::ldexp(0.5, grib_parameter(layout.variables[v])->exponent);
    for (int lead = 0; lead < 3; ++lead) {
      const std::vector<float> back = store->read(v, 1, 1, lead), wanted = toy_field(layout, v, 1, 1, lead);
      ASSERT_EQ(back.size(), wanted.size());
      for (size_t k = 0; k < back.size(); ++k) EXPECT_LE(std::fabs(back[k] - wanted[k]), half) << k;
    }
  }
}

TEST_P(GribStore, NamesItsFiles) {
  const std::vector<std::string> expected =
      GetParam() == GribFiles::member
          ? std::vector<std::string>{"20240229T12_member_0001.grib2", "20240229T12_member_0001.index"}
          : std::vector<std::string>{
                "20240229T12_member_0001_step_0000.grib2", "20240229T12_member_0001_step_0000.index",
                "20240229T12_member_0001_step_0006.grib2", "20240229T12_member_0001_step_0006.index",
                "20240229T12_member_0001_step_0012.grib2", "20240229T12_member_0001_step_0012.index"};
  EXPECT_EQ(store->member_files(1, 1), expected);
  std::vector<std::string> written;
  for (const StoredFile& file : test::write_member(*store, 1, 1)) {
    written.push_back(file.path);
    EXPECT_EQ(file.bytes, fs::file_size(folder / "s" / file.path));
    EXPECT_EQ(file.sha256, sha256_file(folder / "s" / file.path));
    EXPECT_TRUE(store->is_member_file(file.path));
  }
  EXPECT_EQ(written, expected);
  EXPECT_EQ(test::contents(folder.path()).size(), expected.size());
  for (const char* other :
       {"20240229T12_member_0002.grib2", "20240229T13_member_0001.grib2", "x.index", "20240229T12_member_1.grib2",
        "20240229T12_member_0001_step_0018.grib2", "20240229T12_member_0001.grib2.x", "_member_"}) {
    EXPECT_FALSE(store->is_member_file(other)) << other;
  }
}

// Threads bring variables in any order; the file does not tell.
TEST_P(GribStore, HasTheSameBytesInWhateverOrderVariablesCome) {
  test::write_member(*store, 0, 0);
  const auto whole = test::contents(folder / "s");
  const auto other = open_store(folder / "other", layout);
  const auto writer = other->member(0, 0);
  EXPECT_NE(writer->lane(0), writer->lane(1));
  const auto bring = [&](int variable) {
    for (int lead = 0; lead < 3; ++lead) writer->append(variable, lead, toy_field(layout, variable, 0, 0, lead));
  };
  std::thread second(bring, 1);
  second.join();
  bring(0);
  writer->finish();
  EXPECT_EQ(test::contents(folder / "other"), whole);
}

TEST_P(GribStore, AWrongByteIsNoticed) {
  test::write_member(*store, 0, 0);
  for (const std::string& name : store->member_files(0, 0)) {
    const fs::path path = folder / "s" / name;
    const std::string bytes = read_file(path);
    for (size_t k = 0; k < bytes.size(); ++k) {
      if (name.ends_with(".index")) break;  // its words are for others; markers know its sum
      std::string damaged = bytes;
      damaged[k] = static_cast<char>(damaged[k] ^ 0x01);
      test::overwrite(path, damaged);
      int noticed = 0;
      for (int v = 0; v < 2; ++v) {
        for (int lead = 0; lead < 3; ++lead) {
          try {
            store->read(v, 0, 0, lead);
          } catch (const Error& error) {
            EXPECT_EQ(error.code(), ExitCode::bad_input);
            EXPECT_THAT(error.what(), testing::HasSubstr(path.string()));
            ++noticed;
          }
        }
      }
      EXPECT_EQ(noticed, 1) << "byte " << k << " of " << name;
    }
    test::overwrite(path, bytes);
  }
}

TEST_P(GribStore, ADamagedIndexIsNotBelieved) {
  test::write_member(*store, 0, 0);
  const fs::path index = folder / "s" / store->member_files(0, 0)[1];
  const std::string good = read_file(index);
  for (const std::string& bad : {std::string(), std::string("x"), std::string("[1]\n"), good.substr(0, 40),
                                 std::string(R"({"_offset": 18446744073709551615, "_length": 5, "_crc32c": 1})"),
                                 std::string(R"({"_offset": 5, "_length": 18446744073709551615, "_crc32c": 1})"),
                                 std::string(R"({"_offset": -1, "_length": "7"})")}) {
    test::overwrite(index, bad);
    EXPECT_THROW(store->read(0, 0, 0, 0), Error) << bad;
  }
}

TEST_P(GribStore, AMissingFileIsMissing) {
  try {
    store->read(0, 0, 0, 0);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::missing_input);
  }
}

TEST(GribStoreIndex, SaysWhereEachMessageLies) {
  const test::TemporaryFolder folder;
  const StoreLayout layout = grib_layout();
  const auto store = open_store(folder / "s", layout);
  test::write_member(*store, 1, 1);
  const auto messages = messages_of(folder / "s/20240229T12_member_0001.grib2");
  ASSERT_EQ(messages.size(), 6U);
  std::istringstream lines(read_file(folder / "s/20240229T12_member_0001.index"));
  uint64_t at = 0;
  for (size_t k = 0; k < messages.size(); ++k) {
    std::string line;
    ASSERT_TRUE(std::getline(lines, line));
    const auto json = nlohmann::json::parse(line);
    EXPECT_EQ(json.at("_offset"), at);
    EXPECT_EQ(json.at("_length"), messages[k].size());
    EXPECT_EQ(json.at("date"), "20240229");
    EXPECT_EQ(json.at("time"), "1200");
    EXPECT_EQ(json.at("step"), std::to_string(k / 2 * 6));
    EXPECT_EQ(json.at("number"), "1");
    EXPECT_EQ(json.at("type"), "pf");
    EXPECT_EQ(json.at("domain"), "g");
    EXPECT_EQ(json.at("param"), k % 2 == 0 ? "10u" : "z");
    EXPECT_EQ(json.at("levtype"), k % 2 == 0 ? "sfc" : "pl");
    EXPECT_EQ(json.value("levelist", ""), k % 2 == 1 ? "500" : "");
    at += messages[k].size();
  }
}

TEST(GribStoreMessages, SayWhatTheyAre) {
  const test::TemporaryFolder folder;
  StoreLayout layout = grib_layout();
  layout.grib.made_by = {.centre = 98, .sub_centre = 3, .process = 17};
  layout.grib.control = true;
  layout.grib.signed_pairs = true;
  layout.members = 3;
  const auto store = open_store(folder / "s", layout);
  for (int member = 0; member < 3; ++member) test::write_member(*store, 1, member);
  for (int member = 0; member < 3; ++member) {
    const auto messages = messages_of(folder / "s" / store->member_files(1, member)[0]);
    const EccodesMessage read(messages.at(3));  // 6 h, z500
    EXPECT_EQ(read.number("centre"), 98);
    EXPECT_EQ(read.number("subCentre"), 3);
    EXPECT_EQ(read.number("generatingProcessIdentifier"), 17);
    EXPECT_EQ(read.number("dataDate"), 20240229);
    EXPECT_EQ(read.number("dataTime"), 1200);
    EXPECT_EQ(read.number("validityDate"), 20240229);
    EXPECT_EQ(read.number("validityTime"), 1800);
    EXPECT_EQ(read.number("step"), 6);
    EXPECT_EQ(read.text("stepType"), "instant");
    EXPECT_EQ(read.number("productDefinitionTemplateNumber"), 1);
    EXPECT_EQ(read.number("perturbationNumber"), member);
    EXPECT_EQ(read.number("numberOfForecastsInEnsemble"), 3);
    constexpr long kinds[] = {1, 3, 2};  // the control, then + and - of a pair
    EXPECT_EQ(read.number("typeOfEnsembleForecast"), kinds[member]);
    EXPECT_EQ(read.number("typeOfProcessedData"), member == 0 ? 3 : 4);
    EXPECT_EQ(read.text("shortName"), "z");
    EXPECT_EQ(read.text("typeOfLevel"), "isobaricInhPa");
    EXPECT_EQ(read.number("level"), 500);
    EXPECT_EQ(read.text("gridType"), "regular_ll");
    EXPECT_EQ(read.number("Ni"), 4);
    EXPECT_EQ(read.number("Nj"), 3);
    EXPECT_EQ(read.real("latitudeOfFirstGridPointInDegrees"), 90.0);
    EXPECT_EQ(read.real("latitudeOfLastGridPointInDegrees"), -90.0);
    EXPECT_EQ(read.real("longitudeOfLastGridPointInDegrees"), 270.0);
    EXPECT_EQ(read.real("iDirectionIncrementInDegrees"), 90.0);
    EXPECT_EQ(read.real("jDirectionIncrementInDegrees"), 90.0);
  }
}

// One byte counts to 254 (255 is "missing"); the templates of large ensembles have four.
TEST(GribStoreMessages, OfLargeEnsembles) {
  for (const int members : {254, 255, 7424}) {
    const test::TemporaryFolder folder;
    StoreLayout layout = grib_layout();
    layout.members = members;
    const auto store = open_store(folder / "s", layout);
    test::write_member(*store, 0, members - 1);
    const EccodesMessage read(messages_of(folder / "s" / store->member_files(0, members - 1)[0]).at(5));
    EXPECT_EQ(read.number("productDefinitionTemplateNumber"), members > 254 ? 117 : 1);
    EXPECT_EQ(read.number("tablesVersion"), members > 254 ? 32 : 28);
    EXPECT_EQ(read.number("perturbationNumber"), members - 1);
    EXPECT_EQ(read.number("numberOfForecastsInEnsemble"), members);
    EXPECT_EQ(read.number("step"), 12);
    EXPECT_EQ(read.text("shortName"), "z");
    EXPECT_EQ(read.text("typeOfLevel"), "isobaricInhPa");
    EXPECT_EQ(read.values().size(), 12U);
  }
}

TEST(GribStoreMessages, OfABoxAcrossGreenwich) {
  const test::TemporaryFolder folder;
  StoreLayout layout = grib_layout();
  layout.domain.grid = {{60.0, 57.5, 55.0}, {-5.0, -2.5, 0.0, 2.5}};
  const auto store = open_store(folder / "s", layout);
  test::write_member(*store, 0, 0);
  const EccodesMessage read(messages_of(folder / "s" / store->member_files(0, 0)[0]).at(0));
  EXPECT_EQ(read.real("longitudeOfFirstGridPointInDegrees"), 355.0);
  EXPECT_EQ(read.real("longitudeOfLastGridPointInDegrees"), 2.5);
  EXPECT_EQ(read.real("iDirectionIncrementInDegrees"), 2.5);
  EXPECT_EQ(read.number("iScansNegatively"), 0);
  EXPECT_EQ(read.values().size(), 12U);
}

TEST(GribStoreMessages, OfABoxOfOneColumn) {
  const test::TemporaryFolder folder;
  StoreLayout layout = grib_layout();
  layout.domain.grid = {{60.0, 57.5, 55.0}, {10.0}};
  const auto store = open_store(folder / "s", layout);
  test::write_member(*store, 0, 0);
  const EccodesMessage read(messages_of(folder / "s" / store->member_files(0, 0)[0]).at(0));
  EXPECT_EQ(read.number("iDirectionIncrementGiven"), 0);
  EXPECT_EQ(read.values().size(), 3U);
}

TEST(GribStoreMessages, HaveTheNamesThatTheirCodesHaveInEcCodes) {
  std::vector<std::string> variables = hens_channels();
  for (const std::string& variable : derived_examples()) variables.push_back(variable);
  variables.insert(variables.end(), {"w500", "q1", "t1000"});
  for (const std::string& variable : variables) {
    SCOPED_TRACE(variable);
    const auto parameter = grib_parameter(variable);
    if (!parameter) {
      EXPECT_EQ(variable, "ivt");
      continue;
    }
    const test::TemporaryFolder folder;
    StoreLayout layout = grib_layout();
    layout.variables = {variable};
    const auto store = open_store(folder / "s", layout);
    test::write_member(*store, 0, 0);
    const EccodesMessage read(messages_of(folder / "s" / store->member_files(0, 0)[0]).at(0));
    EXPECT_EQ(read.text("shortName"), parameter->short_name);
    EXPECT_EQ(read.number("paramId"), parameter->param_id);
    const std::string level = read.text("typeOfLevel");
    if (parameter->on_pressure_level()) {
      EXPECT_EQ(level, "isobaricInhPa");
      EXPECT_EQ(read.number("level"), *variable_info(variable).level);
    } else {
      EXPECT_NE(level, "unknown");
    }
    const auto surface = [&](const char* type, const std::string& value, const GribSurface& wanted) {
      EXPECT_EQ(read.number(type), wanted.type);
      if (wanted.value) {
        EXPECT_EQ(read.number(value.c_str()), *wanted.value);
      }
    };
    surface("typeOfFirstFixedSurface", "scaledValueOfFirstFixedSurface", parameter->first);
    surface("typeOfSecondFixedSurface", "scaledValueOfSecondFixedSurface", parameter->second);
  }
}

}  // namespace
}  // namespace hens
