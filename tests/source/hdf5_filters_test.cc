// Compressed netCDF-4: zstd and blosc are read, other filters named.
#include "source/hdf5_filters.h"

#include <blosc.h>
#include <cstdlib>
#include <cstring>
#include <hdf5.h>
#include <zstd.h>

#include "base/netcdf_lock.h"
#include "source/analytic.h"
#include "source/netcdf_writer.h"
#include "source/source_fixtures.h"

namespace hens {
namespace {

using ::testing::HasSubstr;

const LatLonGrid grid = equiangular_grid(19, 36);
const Time new_year = std::chrono::sys_days(std::chrono::year(2024) / 1 / 1);

// Writers of the test's own: the program only decodes.
template <typename Encode>
size_t encode(size_t bytes, size_t room, size_t* buffer_size, void** buffer, const Encode& compress) {
  void* encoded = H5allocate_memory(room, false);
  const size_t size = compress(encoded, room, *buffer, bytes);
  H5free_memory(*buffer);
  *buffer = encoded;
  *buffer_size = room;
  return size;
}

size_t encode_zstd(unsigned, size_t, const unsigned*, size_t bytes, size_t* buffer_size, void** buffer) {
  return encode(bytes, ZSTD_compressBound(bytes), buffer_size, buffer,
                [](void* out, size_t room, const void* in, size_t n) { return ZSTD_compress(out, room, in, n, 3); });
}

size_t encode_blosc(unsigned, size_t, const unsigned*, size_t bytes, size_t* buffer_size, void** buffer) {
  return encode(bytes, bytes + BLOSC_MAX_OVERHEAD, buffer_size, buffer,
                [](void* out, size_t room, const void* in, size_t n) {
                  return static_cast<size_t>(blosc_compress_ctx(5, BLOSC_SHUFFLE, 4, n, in, out, room, "lz4", 0, 1));
                });
}

size_t encode_nothing(unsigned, size_t, const unsigned*, size_t bytes, size_t*, void**) { return bytes; }

// zstd in a stream without its size in front, as nothing writes it, and with a size that is a lie.
size_t encode_hostile(unsigned, size_t, const unsigned*, size_t bytes, size_t* buffer_size, void** buffer) {
  return encode(bytes, ZSTD_compressBound(bytes), buffer_size, buffer,
                [](void* out, size_t room, const void* in, size_t n) {
                  const size_t size = ZSTD_compress(out, room, in, n, 3);
                  auto* header = static_cast<unsigned char*>(out);
                  header[5] ^= 0xff;  // of the frame's content size
                  return size;
                });
}

class Hdf5FiltersTest : public ::testing::Test {
 protected:
  // A file whose one channel is compressed by the filter `id`, which is forgotten afterwards.
  fs::path write(unsigned id, H5Z_func_t encoder) {
    const H5Z_class2_t filter{H5Z_CLASS_T_VERS, static_cast<H5Z_filter_t>(id), 1, 1, "test", nullptr, nullptr, encoder};
    EXPECT_GE(H5Zregister(&filter), 0);
    const State state = analytic_state(new_year, {"t850"}, grid);
    test::NetcdfVariableSpec field{"t850", {"time", "lat", "lon"}, {state.values.begin(), state.values.end()}, {}};
    field.filter = id;
    test::write_netcdf(files_ / "compressed.nc", {{"time", 1}, {"lat", 19}, {"lon", 36}},
                       {{"time", {"time"}, {0.0}, {{"units", "hours since 2024-01-01 00:00:00"}}, NC_INT},
                        {"lat", {"lat"}, grid.lat, {{"units", "degrees_north"}}, NC_DOUBLE},
                        {"lon", {"lon"}, grid.lon, {{"units", "degrees_east"}}, NC_DOUBLE},
                        field});
    EXPECT_GE(H5Zunregister(static_cast<H5Z_filter_t>(id)), 0);
    return files_ / "compressed.nc";
  }
  State load(const fs::path& path) {
    return files_.open(SourceKind::netcdf, {path.string()})->load(new_year, {"t850"}, grid);
  }
  std::string refusal(const fs::path& path) {
    return test::error_text([&] { load(path); }, ExitCode::bad_input);
  }
  test::FileSources files_;
};

TEST_F(Hdf5FiltersTest, ZstdAndBloscAreRead) {
  const State expected = analytic_state(new_year, {"t850"}, grid);
  EXPECT_EQ(load(write(32015, encode_zstd)).values, expected.values);
  EXPECT_EQ(load(write(32001, encode_blosc)).values, expected.values);
}

TEST_F(Hdf5FiltersTest, OthersAreNamedWithTheRemedy) {
  for (const auto& [id, name] :
       std::initializer_list<std::pair<unsigned, const char*>>{{307, "bzip2 (HDF5 filter 307)"},
                                                               {32004, "lz4 (HDF5 filter 32004)"},
                                                               {32013, "zfp (HDF5 filter 32013)"},
                                                               {32008, "bitshuffle (HDF5 filter 32008)"},
                                                               {32026, "blosc2 (HDF5 filter 32026)"},
                                                               {54321, "a filter (HDF5 filter 54321)"}}) {
    const std::string message = refusal(write(id, encode_nothing));
    EXPECT_THAT(message,
                HasSubstr("compressed.nc: variable t850 cannot be read: it is compressed by " + std::string(name)));
    EXPECT_THAT(message, HasSubstr("nccopy"));
  }
}

TEST_F(Hdf5FiltersTest, DamagedChunksAreErrors) {
  EXPECT_THAT(refusal(write(32015, encode_hostile)), HasSubstr("compressed.nc: variable t850 cannot be read"));
  EXPECT_THAT(refusal(write(32015, encode_nothing)), HasSubstr("compressed.nc: variable t850 cannot be read"));
  EXPECT_THAT(refusal(write(32001, encode_nothing)), HasSubstr("compressed.nc: variable t850 cannot be read"));
}

}  // namespace
}  // namespace hens
