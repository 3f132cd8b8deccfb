// Runs a fuzz target where libFuzzer is not at hand: over files, or over damaged copies of them for a time.
//
//   fuzz_NAME FILE|FOLDER...                              each file once, as `make test` does
//   fuzz_NAME --seconds 60 [--found FOLDER] FILE|FOLDER...
//
// Inputs that reach new code (reached.h) are damaged further. A child process runs the target; its parent keeps the
// input at hand, ends it where one input takes longer than six minutes, and writes what broke it into FOLDER. Exit code
// 1: something was found.
#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "base/decoder.h"
#include "fuzz/mutate.h"
#include "fuzz/reached.h"
#include "fuzz/target.h"

namespace hens::fuzz {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::seconds longest_run{360};  // a decoder that hangs is ended after 20 s of CPU, 300 s in all
constexpr long largest_memory =
    3L << 20;  // KiB, beside the sanitizer's own; the readers of checkpoints promise a fraction

// What parent and child both see.
struct Shared {
  std::array<uint8_t, reached_places> counts;
  uint64_t runs, inputs, places;  // so far; kept inputs; places reached
  uint64_t size;                  // of the input at hand
  std::array<uint8_t, largest_input> input;
};

Shared& shared_memory() {
  void* const at = ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) std::abort();
  return *static_cast<Shared*>(at);  // zeroed by the kernel
}

std::vector<fs::path> files_below(const std::vector<fs::path>& paths) {
  std::vector<fs::path> files;
  for (const fs::path& path : paths) {
    if (!fs::is_directory(path))
      files.push_back(path);
    else
      for (const auto& entry : fs::recursive_directory_iterator(path))
        if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  return files;
}

void run(const std::string& input) {
  // A copy of exactly its size: the sanitizer sees who reads beyond it.
  const std::vector<uint8_t> copy(input.begin(), input.end());
  LLVMFuzzerTestOneInput(copy.data(), copy.size());
}

int replay(const std::string& name, const std::vector<fs::path>& files) {
  for (const fs::path& file : files) {
    std::fprintf(stderr, "%s\n", file.c_str());
    run(read_file(file));
  }
  std::printf("%s: %zu inputs return or throw hens::Error\n", name.c_str(), files.size());
  return files.empty() ? 1 : 0;
}

// ---- the child: inputs that reach new code are kept ----

// How often, in powers of two: three turns of a loop are not two, but 100 are as 101.
uint8_t magnitude(uint8_t count) {
  uint8_t bit = 0;
  while (count != 0) ++bit, count >>= 1;
  return bit == 0 ? 0 : static_cast<uint8_t>(1 << (bit - 1));
}

class Search {
 public:
  Search(Shared& shared, uint64_t seed) : shared_(shared), random_(seed) {}

  void start(std::vector<std::string> inputs) {
    kept_ = std::move(inputs);
    for (const std::string& input : kept_) try_out(input);
  }

  void until(Clock::time_point end) {
    while (Clock::now() < end) {
      std::string input = mutated(kept_[random_() % kept_.size()], kept_, random_);
      if (try_out(input)) kept_.push_back(std::move(input));
      shared_.inputs = kept_.size();
    }
  }

 private:
  // Whether `input` reached something that none before did.
  bool try_out(const std::string& input) {
    std::ranges::copy(input, shared_.input.begin());
    shared_.size = input.size();
    shared_.counts.fill(0);
    run(input);
    ++shared_.runs;
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    if (usage.ru_maxrss > largest_memory) {
      std::fprintf(stderr, "%ld MiB of memory are in use after this input\n", usage.ru_maxrss >> 10);
      std::abort();
    }
    bool news = false;
    for (size_t k = 0; k < reached_places; ++k) {
      const uint8_t bits = magnitude(shared_.counts[k]);
      if ((bits & ~seen_[k]) == 0) continue;
      shared_.places += seen_[k] == 0;
      seen_[k] |= bits;
      news = true;
    }
    return news;
  }

  Shared& shared_;
  std::mt19937_64 random_;
  std::vector<std::string> kept_;
  std::array<uint8_t, reached_places> seen_{};
};

int search(Shared& shared, const std::vector<fs::path>& files, std::chrono::seconds time) {
  start_decoders();
  count_reached(shared.counts.data());
  std::vector<std::string> inputs;
  for (const fs::path& file : files) inputs.push_back(read_file(file).substr(0, largest_input));
  Search search(shared, std::random_device()());
  const auto end = Clock::now() + time;
  search.start(std::move(inputs));
  search.until(end);
  return 0;
}

// ---- the parent ----

// The child's wait status; one that stays with one input is ended.
int watch(pid_t child, const Shared& shared) {
  uint64_t runs = 0;
  auto since = Clock::now();
  for (int status = 0;; ::usleep(100'000)) {
    if (::waitpid(child, &status, WNOHANG) == child) return status;
    if (const uint64_t now = *const_cast<const volatile uint64_t*>(&shared.runs); now != runs)
      runs = now, since = Clock::now();
    if (Clock::now() - since > longest_run) {
      std::fprintf(stderr, "an input takes longer than %d s\n", static_cast<int>(longest_run.count()));
      ::kill(child, SIGKILL);
    }
  }
}

int fuzz(const std::string& name, const std::vector<fs::path>& files, std::chrono::seconds time,
         const fs::path& found) {
  Shared& shared = shared_memory();
  const auto begin = Clock::now();
  const pid_t child = ::fork();
  if (child == 0) std::exit(search(shared, files, time));
  const int status = watch(child, shared);
  std::printf("%s: %llu inputs in %d s, %llu places reached, %zu inputs became %llu\n", name.c_str(),
              static_cast<unsigned long long>(shared.runs),
              static_cast<int>(std::chrono::duration_cast<std::chrono::seconds>(Clock::now() - begin).count()),
              static_cast<unsigned long long>(shared.places), files.size(),
              static_cast<unsigned long long>(shared.inputs));
  if (status == 0) return 0;
  fs::create_directories(found);
  const std::string input(shared.input.begin(), shared.input.begin() + static_cast<ptrdiff_t>(shared.size));
  const fs::path path = found / fmt::format("{}-{:016x}", name, std::hash<std::string>()(input));
  std::ofstream(path, std::ios::binary) << input;
  std::printf("%s: FOUND: %s (%llu bytes)\n", name.c_str(), path.c_str(), static_cast<unsigned long long>(shared.size));
  return 1;
}

int main_of(const std::vector<std::string>& arguments) {
  const std::string name = fs::path(arguments[0]).filename();
  int seconds = 0;
  fs::path found = ".";
  std::vector<fs::path> paths;
  for (size_t k = 1; k < arguments.size(); ++k) {
    if (arguments[k] == "--seconds" && k + 1 < arguments.size())
      seconds = std::atoi(arguments[++k].c_str());
    else if (arguments[k] == "--found" && k + 1 < arguments.size())
      found = arguments[++k];
    else
      paths.emplace_back(arguments[k]);
  }
  const std::vector<fs::path> files = files_below(paths);
  if (seconds > 0 && !files.empty()) return fuzz(name, files, std::chrono::seconds(seconds), found);
  start_decoders();
  return replay(name, files);
}

}  // namespace
}  // namespace hens::fuzz

int main(int argc, char** argv) { return hens::fuzz::main_of({argv, argv + argc}); }
