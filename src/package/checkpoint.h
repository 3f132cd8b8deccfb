// A PyTorch checkpoint: the tensors of its `model_state`, found in the file without copying them.
//
// Two containers are read, told apart by their first bytes: the zip archive of torch.save since 1.6, and the stream of
// pickles and raw storages before it, which makani's flexible save mode still writes. See pickle_reader.h for what
// happens to everything in a checkpoint that is no tensor. Pure and thread-safe.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/files.h"
#include "package/package.h"

namespace hens {

struct Checkpoint {
  std::string format;                         // "zip" | "stream"
  std::map<std::string, TensorView> tensors;  // by full name, as module.model.encoder.fwd.0.weight; views into the file
};

// Reads the directory of `file`, which the views point into. Only tensors for whose names `wanted` holds are looked at.
// Throws Error{bad_input} naming the tensor or the byte offset: a damaged container, a tensor outside its storage,
// a storage outside the file, elements other than float32 or complex64, or a layout other than contiguous C order.
Checkpoint read_checkpoint(const MappedFile& file, bool (*wanted)(std::string_view name));

// SHA-256 of the file. Of a zip archive the same pass checks every entry's CRC, which read_checkpoint leaves alone for
// tensors: throws Error{bad_input} naming the entry that is damaged. The older stream has no checksums.
std::string checkpoint_sha256(const fs::path& path);

}  // namespace hens
