// How fast forecasts reach their store: full-size fields through WriteQueue into a store, no model. Prints the
// rate, how long the producer was blocked, and what one core does of each part of the work, so that the limit can be
// seen.
//
//   store_write_bench [FOLDER] [none|lz4|zstd|grib2] [MEMBERS] [STEPS] [WRITERS]
//   store_write_bench layouts [FOLDER] [MEMBERS] [STEPS] [WRITERS]: a table of formats, layouts, compressions and bits
//
// Defaults: /dev/shm none 4 20 2. Each step writes 12 fields of 721 x 1440 for each member; the store is removed at the
// end. The one of a table is /dev/shm 2 10 2. It is written twice: the first pass also pays for the memory that the
// process and a RAM disk take from the system.
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <unistd.h>

#include <sys/resource.h>

#include "base/checksum.h"
#include "store/blosc.h"
#include "store/grib_header.h"
#include "store/grib_packing.h"
#include "store/write_queue.h"

namespace hens {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int fields_a_step = 12;
constexpr int queue_fields = 64;  // as RuntimeSpec's default

struct Options {
  fs::path folder = "/dev/shm";
  StoreFormat format = StoreFormat::zarr;
  Compression compression = Compression::none;
  int members = 4, steps = 20, writers = 2;
  // Of a table's rows:
  OutputLayout layout = OutputLayout::hens;
  bool shard = true;
  int keep_bits = mantissa_bits;
};

Options parse(int argc, char** argv) {
  Options options;
  if (argc > 1) options.folder = argv[1];
  const std::string compression = argc > 2 ? argv[2] : "none";
  if (compression == "grib2") options.format = StoreFormat::grib2;
  options.compression = compression == "lz4"    ? Compression::lz4
                        : compression == "zstd" ? Compression::zstd
                                                : Compression::none;
  if (argc > 3) options.members = std::atoi(argv[3]);
  if (argc > 4) options.steps = std::atoi(argv[4]);
  if (argc > 5) options.writers = std::atoi(argv[5]);
  return options;
}

StoreLayout layout_of(const Options& options) {
  StoreLayout layout;
  layout.format = options.format;
  layout.compression = options.compression;
  layout.domain.grid = equiangular_grid(721, 1440);
  layout.variables = {"u10m", "v10m", "t2m", "msl", "u850", "v850", "t850", "z500", "t500", "u250", "v250", "q700"};
  layout.members = options.members;
  layout.times = {parse_time("2024-01-01")};
  for (int step = 0; step < options.steps; ++step) layout.leads.push_back(step * model_step);
  layout.format = options.format;
  layout.layout = options.layout;
  layout.shard = options.shard;
  if (options.keep_bits < mantissa_bits) layout.keep_bits.assign(layout.variables.size(), options.keep_bits);
  layout.title = "write benchmark";
  layout.source = "synthetic";
  return layout;
}

// What values of the layout's variables are like: GRIB2 packs each kind with a step of its own.
struct Size {
  double mean, amplitude;
};
constexpr Size sizes[fields_a_step] = {{0, 10},   {0, 10}, {280, 20}, {101'000, 1500},
                                       {0, 12},   {0, 12}, {275, 15}, {54'000, 3300},
                                       {253, 13}, {0, 18}, {0, 18},   {0.0025, 0.0025}};

// Waves with noise of a per mille: they shrink about as forecast fields do. In Zarr all are of the size of winds.
std::vector<float> synthetic_field(const LatLonGrid& grid, int seed, const Size& size) {
  std::mt19937 bits(static_cast<unsigned>(seed));
  std::normal_distribution<float> noise(0.0F, 0.01F);
  std::vector<float> field;
  field.reserve(grid.points());
  for (const double lat : grid.lat) {
    for (const double lon : grid.lon) {
      const double wave = 10.0 * std::sin((seed + 3) * lon * M_PI / 180.0) * std::cos(2.0 * lat * M_PI / 180.0);
      const float value = static_cast<float>(wave) + noise(bits);
      field.push_back(static_cast<float>(size.mean + size.amplitude / 10.0 * value));
    }
  }
  return field;
}

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct CpuSeconds {
  double user, system;
};

CpuSeconds cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return {usage.ru_utime.tv_sec + usage.ru_utime.tv_usec / 1e6, usage.ru_stime.tv_sec + usage.ru_stime.tv_usec / 1e6};
}

// Runs `work` on one field's bytes for about a quarter of a second: GB/s.
template <typename Work>
double rate_of(size_t bytes, const Work& work) {
  work();
  const auto start = Clock::now();
  size_t done = 0;
  while (seconds_since(start) < 0.25) {
    work();
    done += bytes;
  }
  return static_cast<double>(done) / seconds_since(start) / 1e9;
}

void print_parts(const Options& options, const std::vector<float>& field) {
  const auto bytes = std::as_bytes(std::span(field));
  std::vector<float> copy(field.size());
  uint32_t crc = 0;
  Sha256 digest;
  std::printf("one core, GB/s of fields:\n");
  std::printf("  copy    %6.2f\n", rate_of(bytes.size(), [&] { copy = field; }));
  std::printf("  crc32c  %6.2f\n", rate_of(bytes.size(), [&] { crc = crc32c(bytes, crc); }));
  std::printf("  sha256  %6.2f\n", rate_of(bytes.size(), [&] { digest.update(bytes); }));
  PendingFile file(options.folder / "store_write_bench_part");
  std::printf("  write   %6.2f\n", rate_of(bytes.size(), [&] { file.write(bytes); }));
  if (options.format == StoreFormat::grib2) {
    std::vector<std::byte> packed;
    const double rate =
        rate_of(bytes.size(), [&] { packed.clear(), pack_grib_field(field, {.exponent = -11}, packed); });
    std::printf("  pack    %6.2f   to %.0f %% of the size\n", rate, 100.0 * packed.size() / bytes.size());
    const GribHeaders headers(equiangular_grid(721, 1440), {});
    const GribProduct product{.parameter = *grib_parameter("u10m"), .member = GribMember{}};
    std::printf("  header  %6.2f\n", rate_of(bytes.size(), [&] { headers.header(product); }));
  }
  if (options.compression == Compression::none) return;
  size_t packed = 0;
  const double rate = rate_of(bytes.size(), [&] { packed = blosc_compress(options.compression, field).size(); });
  std::printf("  blosc   %6.2f   to %.0f %% of the size\n", rate, 100.0 * packed / bytes.size());
}

struct Written {
  double seconds = 0.0;
  CpuSeconds used{};
  WriteQueue::Rate rate;
};

Written write_store(const Options& options, const fs::path& folder, const std::vector<std::vector<float>>& fields) {
  const auto store = open_store(folder, layout_of(options));
  store->publish_metadata();
  WriteQueue queue(options.writers, queue_fields);
  const auto start = Clock::now();
  const CpuSeconds before = cpu_seconds();
  std::vector<std::shared_ptr<WriteQueue::Ticket>> tickets;
  for (int member = 0; member < options.members; ++member) tickets.push_back(queue.open(store->member(0, member)));
  for (int step = 0; step < options.steps; ++step) {
    for (const auto& ticket : tickets) {
      for (int k = 0; k < fields_a_step; ++k) queue.append(ticket, k, step, fields[k]);
    }
  }
  for (const auto& ticket : tickets) queue.finish(ticket, [](auto) {});
  queue.drain();
  const CpuSeconds after = cpu_seconds();
  return {seconds_since(start), {after.user - before.user, after.system - before.system}, queue.rate()};
}

void write_once(const Options& options, const fs::path& folder, const std::vector<std::vector<float>>& fields) {
  const auto [seconds, used, rate] = write_store(options, folder, fields);
  std::printf(
      "%.2f GB in %.2f s: %.2f GB/s; writers busy %.0f %%, producer blocked %.2f s\n"
      "  CPU: %.2f s in the program, %.2f s in the kernel: %.2f GB/s where two cores are free\n",
      rate.bytes / 1e9, seconds, rate.bytes / seconds / 1e9, 100.0 * rate.seconds_writing / (seconds * options.writers),
      rate.seconds_blocked, used.user, used.system, 2.0 * rate.bytes / 1e9 / (used.user + used.system));
}

struct Row {
  const char* name;
  StoreFormat format = StoreFormat::zarr;
  OutputLayout layout = OutputLayout::hens;
  bool shard = true;
};
constexpr Row rows[] = {{"zarr"},
                        {"zarr, no shards", StoreFormat::zarr, OutputLayout::hens, false},
                        {"zarr, weatherbench", StoreFormat::zarr, OutputLayout::weatherbench},
                        {"netcdf", StoreFormat::netcdf},
                        {"netcdf, weatherbench", StoreFormat::netcdf, OutputLayout::weatherbench},
                        {"netcdf, cf", StoreFormat::netcdf, OutputLayout::cf}};

uint64_t bytes_below(const fs::path& folder) {
  uint64_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  return bytes;
}

// What is written is measured by the clock, and by the processor's time, which other work on the machine leaves alone.
void print_row(const Row& row, Options options, const std::vector<std::vector<float>>& fields) {
  options.format = row.format, options.layout = row.layout, options.shard = row.shard;
  const char* const names[] = {"none", "lz4", "zstd"};
  const fs::path folder = options.folder / ("store_write_bench_" + std::to_string(::getpid()));
  write_store(options, folder, fields);  // pays for fresh memory
  fs::remove_all(folder);
  const auto [seconds, used, rate] = write_store(options, folder, fields);
  const double gigabytes = static_cast<double>(rate.bytes) / 1e9, cpu = used.user + used.system;
  std::printf("| %s | %s | %s | %.2f | %.2f | %.0f %% |\n", row.name, names[static_cast<int>(options.compression)],
              options.keep_bits < mantissa_bits ? std::to_string(options.keep_bits).c_str() : "all",
              gigabytes / seconds, 2.0 * gigabytes / cpu,
              100.0 * static_cast<double>(bytes_below(folder)) / static_cast<double>(rate.bytes));
  std::fflush(stdout);
  fs::remove_all(folder);
}

void print_table(Options options, const std::vector<std::vector<float>>& fields) {
  const auto bytes = std::as_bytes(std::span(fields.front()));
  std::vector<float> copy(fields.front().size());
  std::printf("a field's copy in memory, one core: %.2f GB/s\n", rate_of(bytes.size(), [&] { copy = fields.front(); }));
  {
    PendingFile file(options.folder / "store_write_bench_part");
    std::printf("written to a file as it is, one core: %.2f GB/s\n", rate_of(bytes.size(), [&] { file.write(bytes); }));
  }
  std::printf(
      "| format, layout | compression | bits | GB/s | GB/s of two free cores | size |\n|---|---|---|---|---|---|\n");
  for (const Row& row : rows) {
    options.keep_bits = mantissa_bits;
    for (const Compression compression : {Compression::none, Compression::lz4, Compression::zstd}) {
      if (row.format == StoreFormat::netcdf && compression == Compression::lz4) continue;  // both are deflate
      options.compression = compression;
      print_row(row, options, fields);
    }
    if (row.layout != OutputLayout::hens || !row.shard) continue;
    for (const Compression compression : {Compression::lz4, Compression::zstd}) {
      if (row.format == StoreFormat::netcdf && compression == Compression::lz4) continue;
      options.compression = compression;
      for (const int bits : {12, 9, 7}) {
        options.keep_bits = bits;
        print_row(row, options, fields);
      }
    }
  }
}

}  // namespace
}  // namespace hens

int main(int argc, char** argv) {
  const bool table = argc > 1 && std::string(argv[1]) == "layouts";
  std::vector<std::vector<float>> fields;
  const hens::LatLonGrid grid = hens::equiangular_grid(721, 1440);
  const auto make_fields = [&](bool grib) {
    for (int k = 0; k < hens::fields_a_step; ++k) {
      fields.push_back(hens::synthetic_field(grid, k, grib ? hens::sizes[k] : hens::Size{0, 10}));
    }
  };
  if (table) {
    hens::Options options{.members = 2, .steps = 10};
    if (argc > 2) options.folder = argv[2];
    if (argc > 3) options.members = std::atoi(argv[3]);
    if (argc > 4) options.steps = std::atoi(argv[4]);
    if (argc > 5) options.writers = std::atoi(argv[5]);
    make_fields(false);
    hens::print_table(options, fields);
    return 0;
  }
  const hens::Options options = hens::parse(argc, argv);
  make_fields(options.format == hens::StoreFormat::grib2);
  const auto folder = options.folder / ("store_write_bench_" + std::to_string(::getpid()) + ".zarr");
  for (int pass = 0; pass < 2; ++pass) {
    hens::write_once(options, folder, fields);
    hens::fs::remove_all(folder);
  }
  hens::print_parts(options, fields.front());
  return 0;
}
