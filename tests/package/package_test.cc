// Whole packages: the golden ones of the Python stack, in both checkpoint formats, and packages with one thing wrong.
#include "package/package.h"

#include <algorithm>
#include <cmath>

#include <nlohmann/json.hpp>

#include "base/checksum.h"
#include "package/network_tensors.h"
#include "package/npy.h"
#include "support/package_support.h"
#include "synth/checkpoint_writer.h"

namespace hens::test {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

fs::path golden_model() { return data_root() / "golden/model"; }

TEST(GoldenPackage, HoldsTheNetworkThatItsReadmeDescribes) {
  HENS_REQUIRE_DATA("golden/model/mini_seed102");
  const ModelPackage package = open_package(golden_model() / "mini_seed102");
  const ModelConfig& c = package.config;
  EXPECT_EQ(c.nlat, 73);
  EXPECT_EQ(c.nlon, 144);
  EXPECT_EQ(c.inner_nlat, 36);
  EXPECT_EQ(c.inner_nlon, 72);
  EXPECT_EQ(c.lmax, 36);
  EXPECT_EQ(c.mmax, 37);
  EXPECT_EQ(c.embed_dim, 32);
  EXPECT_EQ(c.num_layers, 8);
  EXPECT_EQ(c.input_channels(), 110);
  EXPECT_EQ(c.channels.size(), 74u);
  EXPECT_EQ(c.channels[8], "d2m");
  EXPECT_TRUE(c.big_skip);
  EXPECT_TRUE(c.has_coordinates);
  EXPECT_FALSE(c.add_cos_to_grid);
  EXPECT_EQ(package.grid, equiangular_grid(73, 144));
  EXPECT_EQ(package.checkpoint_format, "zip");
  EXPECT_EQ(package.weights.size(), 87u);
  EXPECT_THAT(missing_or_wrong_tensors(package), ElementsAre());
  // [in, out, l] complex, and a convolution [out, in, 1, 1].
  EXPECT_EQ(package.tensor("blocks.3.filter.filter.weight", {32, 32, 36}).type, ElementType::complex64);
  EXPECT_EQ(package.tensor("residual_transform.weight", {74, 110, 1, 1}).type, ElementType::float32);
}

TEST(GoldenPackage, StatisticsAndFieldsAreThoseOfTheFiles) {
  HENS_REQUIRE_DATA("golden/model/mini_seed102");
  const fs::path folder = golden_model() / "mini_seed102";
  const ModelPackage package = open_package(folder);
  EXPECT_EQ(package.mean, read_npy(folder / "global_means.npy").as<float>());
  EXPECT_EQ(package.std, read_npy(folder / "global_stds.npy").as<float>());
  // Facts of the Earth on rows 90 .. -90: the Antarctic plateau above 2700 m, the Arctic ocean at sea level.
  const auto row_mean = [](const std::vector<float>& field, int row) {
    double sum = 0.0;
    for (int j = 0; j < 144; ++j) sum += field[row * 144 + j];
    return sum / 144;
  };
  EXPECT_GT(row_mean(package.orography, 72), 2700 * 9.8);
  EXPECT_LT(std::abs(row_mean(package.orography, 0)), 100 * 9.8);
  EXPECT_EQ(row_mean(package.land_mask, 72), 1.0);
  EXPECT_EQ(row_mean(package.land_mask, 0), 0.0);
}

TEST(GoldenPackage, ParameterObjectBesideTheWeightsIsSteppedOver) {
  HENS_REQUIRE_DATA("golden/model/mini_seed103");
  const ModelPackage package = open_package(golden_model() / "mini_seed103");
  EXPECT_THAT(missing_or_wrong_tensors(package), ElementsAre());
  EXPECT_FALSE(package.config.has_coordinates);
  EXPECT_EQ(package.grid, equiangular_grid(73, 144));
  EXPECT_EQ(package.parameters(), 353'804);
}

// A copy of a package with another checkpoint or configuration.
class PackageCopy : public ::testing::Test {
 protected:
  fs::path copy_of(const fs::path& source) {
    fs::copy(source, folder_.path(), fs::copy_options::recursive);
    // Golden files are read-only.
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
      fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);
    }
    return folder_.path();
  }
  fs::path synthetic() {
    write_synthetic_package(folder_.path(), tiny, 1);
    return folder_.path();
  }
  TemporaryFolder folder_;
};

TEST_F(PackageCopy, OlderStreamHoldsTheSameTensors) {
  HENS_REQUIRE_DATA("golden/model/legacy/best_ckpt_mp0.tar");
  const ModelPackage zip = open_package(golden_model() / "mini_seed102");
  const fs::path folder = copy_of(golden_model() / "mini_seed102");
  fs::copy_file(golden_model() / "legacy/best_ckpt_mp0.tar", folder / checkpoint_file,
                fs::copy_options::overwrite_existing);
  const ModelPackage stream = open_package(folder);
  EXPECT_EQ(stream.checkpoint_format, "stream");
  ASSERT_EQ(stream.weights.size(), zip.weights.size());
  for (const auto& [name, tensor] : zip.weights) {
    EXPECT_EQ(raw_bytes(tensor), raw_bytes(stream.tensor(name, tensor.shape))) << name;
  }
}

// Writes the tensors of `package` anew, each changed by `change`, and opens the result.
template <typename Change>
ModelPackage rewritten(const fs::path& folder, const std::string& prefix, const Change& change) {
  const ModelPackage package = open_package(folder);
  std::vector<NetworkTensor> tensors = network_tensors(package.config);
  const std::vector<NetworkTensor> originals = tensors;
  for (NetworkTensor& tensor : tensors) change(tensor);
  size_t next = 0;
  write_checkpoint(folder / checkpoint_file, tensors, prefix, 1, [&](const NetworkTensor&, const auto& write) {
    const NetworkTensor& original = originals[next++];
    const TensorView& tensor = package.tensor(original.name, original.shape);
    write(std::span(tensor.data, tensor.bytes()));
  });
  return open_package(folder);
}

TEST_F(PackageCopy, NewerMakaniWritesNoModuleAndAGroup) {
  const fs::path folder = synthetic();
  const ModelPackage before = open_package(folder);
  const ModelPackage after = rewritten(folder, "model.", [](NetworkTensor& tensor) {
    if (tensor.type == ElementType::complex64) tensor.shape.insert(tensor.shape.begin(), 1);
  });
  EXPECT_THAT(missing_or_wrong_tensors(after), ElementsAre());
  for (const auto& [name, tensor] : before.weights) {
    EXPECT_EQ(raw_bytes(tensor), raw_bytes(after.tensor(name, tensor.shape))) << name;
  }
}

TEST_F(PackageCopy, MoreThanOneGroupIsRefused) {
  const fs::path folder = synthetic();
  const auto split = [](NetworkTensor& tensor) {
    if (tensor.type == ElementType::complex64) tensor.shape = {2, 2, 4, 6};
  };
  EXPECT_THAT(error_of([&] { rewritten(folder, "", split); }), HasSubstr("filter.filter.weight has 2 groups"));
}

TEST_F(PackageCopy, RealFiltersAreRefused) {
  const fs::path folder = synthetic();
  const auto real = [](NetworkTensor& tensor) {
    if (tensor.type == ElementType::complex64) tensor = {tensor.name, {4, 4, 12}, ElementType::float32};
  };
  EXPECT_THAT(error_of([&] { rewritten(folder, "", real); }), HasSubstr("has real elements, complex were expected"));
}

TEST_F(PackageCopy, DigestIsThatOfTheListedSums) {
  const fs::path folder = synthetic();
  const std::string digest = package_digest(folder);
  std::string listing;
  for (const char* name : {"config.json", "global_means.npy", "global_stds.npy", "orography.nc", "land_mask.nc",
                           "training_checkpoints/best_ckpt_mp0.tar"}) {
    listing += sha256_file(folder / name) + "  " + name + "\n";
  }
  EXPECT_EQ(digest, sha256_hex(listing));
  put_file(folder / "metadata.json", "{}");  // shapes no forecast
  EXPECT_EQ(package_digest(folder), digest);
  put_file(folder / "global_means.npy", npy_bytes(std::vector<float>(74, 0.5f), {1, 74, 1, 1}));
  EXPECT_NE(package_digest(folder), digest);
}

// open_package leaves the tensors' bytes unread; whoever wants the digest reads them anyway.
TEST_F(PackageCopy, DigestIsRefusedWhereATensorHasNotItsCrc) {
  const fs::path folder = synthetic();
  flip_byte_of_weights(folder);
  EXPECT_THAT(error_of([&] { package_digest(folder); }),
              AllOf(HasSubstr("best_ckpt_mp0.tar: damaged zip archive: best_ckpt_mp0/data/"),
                    HasSubstr("does not have its CRC; fetch the file again")));
}

// The digest may have been made long before: what is read is looked at when it is read.
TEST_F(PackageCopy, ATensorIsRefusedWhereItsBytesHaveNotTheirCrc) {
  const fs::path folder = synthetic();
  const ModelPackage whole = open_package(folder);
  const std::vector<int64_t> shape = whole.weights.at("blocks.1.filter.filter.weight").shape;
  EXPECT_NO_THROW(whole.tensor("blocks.1.filter.filter.weight", shape));
  flip_byte_of_weights(folder);
  const ModelPackage damaged = open_package(folder);
  EXPECT_THAT(error_of([&] { damaged.tensor("blocks.1.filter.filter.weight", shape); }),
              AllOf(HasSubstr("tensor blocks.1.filter.filter.weight"), HasSubstr("CRC")));
}

TEST_F(PackageCopy, MissingFilesAreNamed) {
  const fs::path folder = synthetic();
  for (const std::string_view name : needed_files(ModelConfig{.add_orography = true, .add_landmask = true})) {
    fs::rename(folder / name, folder / "away");
    EXPECT_THAT(error_of([&] { open_package(folder); }, ExitCode::missing_input), HasSubstr(name));
    fs::rename(folder / "away", folder / name);
  }
  EXPECT_NO_THROW(open_package(folder));
}

TEST_F(PackageCopy, StatisticsAreChecked) {
  const fs::path folder = synthetic();
  const auto error_with = [&](const char* file, std::vector<float> values, const std::vector<int64_t>& shape) {
    const std::string before = read_file(folder / file);
    put_file(folder / file, npy_bytes(values, shape));
    const std::string message = error_of([&] { open_package(folder); });
    put_file(folder / file, before);
    return message;
  };
  std::vector<float> values(74, 1.0f);
  EXPECT_THAT(error_with("global_means.npy", values, {74}), HasSubstr("expected: [1, 74, 1, 1]"));
  EXPECT_THAT(error_with("global_stds.npy", std::vector<float>(73, 1.0f), {1, 73, 1, 1}), HasSubstr("[1, 73, 1, 1]"));
  values[8] = 0.0f;
  EXPECT_THAT(error_with("global_stds.npy", values, {1, 74, 1, 1}), HasSubstr("channel d2m has 0"));
  values[8] = std::nanf("");
  EXPECT_THAT(error_with("global_means.npy", values, {1, 74, 1, 1}), HasSubstr("channel d2m has nan"));
  values[8] = -1.0f;
  EXPECT_THAT(error_with("global_stds.npy", values, {1, 74, 1, 1}), HasSubstr("finite positive"));
}

TEST_F(PackageCopy, ErrorsOfTheConfigurationNameKeyAndValue) {
  const fs::path folder = synthetic();
  const json good = json::parse(read_file(folder / "config.json"));
  const auto error_with = [&](const char* key, const json& value) {
    json changed = good;
    changed[key] = value;
    put_file(folder / "config.json", changed.dump());
    const std::string message = error_of([&] { open_package(folder); });
    EXPECT_THAT(message, HasSubstr(key));
    return message;
  };
  EXPECT_THAT(error_with("nettype", "AFNO"), HasSubstr("nettype is \"AFNO\"; supported: \"SFNO\""));
  EXPECT_THAT(error_with("operator_type", "diagonal"), HasSubstr("supported: \"dhconv\""));
  EXPECT_THAT(error_with("normalization_layer", "layer_norm"), HasSubstr("\"layer_norm\""));
  EXPECT_THAT(error_with("activation_function", "relu"), HasSubstr("\"gelu\""));
  EXPECT_THAT(error_with("filter_type", "non-linear"), HasSubstr("\"linear\""));
  EXPECT_THAT(error_with("separable", true), HasSubstr("false"));
  EXPECT_THAT(error_with("factorization", "cp"), HasSubstr("none"));
  EXPECT_THAT(error_with("pos_embed", "direct"), HasSubstr("\"none\""));
  EXPECT_THAT(error_with("n_history", 1), HasSubstr("supported: 0"));
  EXPECT_THAT(error_with("dhours", 1), HasSubstr("supported: 6"));
  EXPECT_THAT(error_with("normalization", "minmax"), HasSubstr("\"zscore\""));
  EXPECT_THAT(error_with("gridtype", "linear"), HasSubstr("\"sinusoidal\""));
  EXPECT_THAT(error_with("sht_grid_type", "lobatto"), HasSubstr("\"legendre-gauss\""));
  EXPECT_THAT(error_with("scale_factor", 0), HasSubstr("is 0"));
  EXPECT_THAT(error_with("scale_factor", 12), HasSubstr("leave no degrees"));
  EXPECT_THAT(error_with("embed_dim", 1e9), HasSubstr("whole numbers from 1"));
  EXPECT_THAT(error_with("num_layers", 2.5), HasSubstr("is 2.5"));
  EXPECT_THAT(error_with("img_shape_x", "None"), HasSubstr("is missing"));
  EXPECT_THAT(error_with("img_crop_shape_x", 12), HasSubstr("supported: 13"));
  EXPECT_THAT(error_with("mlp_ratio", -1), HasSubstr("above 0"));
  EXPECT_THAT(error_with("hard_thresholding_fraction", 1.5), HasSubstr("at most 1"));
  EXPECT_THAT(error_with("channel_names", json::array()), HasSubstr("1 to 4096 names"));
  EXPECT_THAT(error_with("channel_names", {"z500", "z500"}), HasSubstr("twice"));
  EXPECT_THAT(error_with("in_channels", {1, 0}), HasSubstr("0 to 73 in order"));
  EXPECT_THAT(error_with("N_in_channels", 111), HasSubstr("make 110"));
  EXPECT_THAT(error_with("add_zenith", "yes"), HasSubstr("true, false"));
  EXPECT_THAT(error_with("lat", {90, -90}), HasSubstr("a list of 13 numbers"));
  json upside_down = good["lat"];
  std::reverse(upside_down.begin(), upside_down.end());
  EXPECT_THAT(error_with("lat", upside_down), HasSubstr("lat[0] is -90; expected: 90"));
  json shifted = good["lon"];
  for (json& lon : shifted) lon = lon.get<double>() - 180;
  EXPECT_THAT(error_with("lon", shifted), HasSubstr("lon[0] is -180"));
  // "None" is as good as absent, and a wave of cosines makes 32 channels more.
  json absent = good;
  absent["pos_embed"] = "None";
  absent["lat"] = nullptr;
  absent["add_cos_to_grid"] = true;
  absent["N_in_channels"] = 142;
  put_file(folder / "config.json", absent.dump());
  EXPECT_THAT(error_of([&] { open_package(folder).tensor("encoder.fwd.0.weight", {4, 142, 1, 1}); }),
              HasSubstr("encoder.fwd.0.weight is [4, 110, 1, 1], the configuration needs [4, 142, 1, 1]"));
  put_file(folder / "config.json", std::string(100'000, '['));
  EXPECT_THAT(error_of([&] { open_package(folder); }), HasSubstr("is no JSON"));
  put_file(folder / "config.json", "[]");
  EXPECT_THAT(error_of([&] { open_package(folder); }), HasSubstr("a JSON object"));
}

TEST_F(PackageCopy, TensorsOfAnotherConfigurationAreNamed) {
  const fs::path folder = synthetic();
  json config = json::parse(read_file(folder / "config.json"));
  config["num_layers"] = 3;
  config["mlp_ratio"] = 3;
  put_file(folder / "config.json", config.dump());
  const std::vector<std::string> problems = missing_or_wrong_tensors(open_package(folder));
  EXPECT_THAT(problems, ::testing::Contains("blocks.2.filter.filter.weight is missing, expected complex64 [4, 4, 6]"));
  EXPECT_THAT(problems, ::testing::Contains("blocks.0.mlp.fwd.0.bias is float32 [8], expected float32 [12]"));
  // A checkpoint with more than the network is another network.
  config["num_layers"] = 1;
  put_file(folder / "config.json", config.dump());
  EXPECT_THAT(error_of([&] { open_package(folder); }),
              HasSubstr("blocks.1.filter.filter.weight is no part of the network"));
}

}  // namespace
}  // namespace hens::test
