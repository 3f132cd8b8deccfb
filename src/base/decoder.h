// Foreign bytes are decoded in processes of their own, so that what hangs, crashes or exhausts a library ends one of
// those and becomes an error that names the file: GRIB by ecCodes, netCDF and HDF5 by their libraries.
//
// start_decoders() forks a keeper before the program has threads, a GPU or open files; for each Decoder the keeper
// forks a worker. Requests and answers travel as memory files (memfd) over a socket: a field is written into one once,
// and looked at there. Keeper and workers end when the program ends, however it does; they print nothing and open no
// file for writing. Signals that ask for a stop are the program's to answer. Where start_decoders() was not called, in
// a test say, a Decoder works in its own process.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include <nlohmann/json.hpp>

#include "base/files.h"

namespace hens {

struct DecodeMessage {
  nlohmann::json facts;                         // small: names, numbers, shapes
  std::span<const std::byte> data;              // large: a field
  std::span<const std::byte> more;              // what else is large
  std::shared_ptr<const void> owner = nullptr;  // keeps both alive; none: whoever made the message does
};

// What a worker does: answers one request after the other. Exceptions reach the caller of Decoder::call: an Error with
// its code and text, anything else as a std::runtime_error.
class DecodeSession {
 public:
  virtual ~DecodeSession() = default;
  virtual DecodeMessage answer(const DecodeMessage& request) = 0;
};
using MakeDecodeSession = std::unique_ptr<DecodeSession> (*)();

// Of one request. A real message of 0.25 degrees takes 0.1 s, a file's opening 20 ms for each 100 messages: the limits
// are for what never ends, and grow with the file for slow disks.
struct DecodeLimits {
  double cpu_seconds = 20, wall_seconds = 300;
  uint64_t file_bytes =
      0;  // of the file at hand: 1 s of CPU and 2 of wall time more for each 10 MB, and its size in memory
};

// To be called once, first of all, by a process without threads.
void start_decoders();

// Thread-safe; requests are answered one at a time.
class Decoder {
 public:
  explicit Decoder(MakeDecodeSession make);
  ~Decoder();
  Decoder(const Decoder&) = delete;

  // The session's answer. `what` names file and message for the error. Throws Error{bad_input} where the worker died or
  // went beyond `limits` or 8 GiB of memory; its later requests fail, too. A stop request ends the wait with
  // Error{interrupted}.
  DecodeMessage call(const DecodeMessage& request, const std::string& what, const DecodeLimits& limits = {});

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hens
