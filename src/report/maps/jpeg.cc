#include "report/maps/jpeg.h"

#include <cstdio>
// jpeglib.h needs stdio's FILE before it.
#include <cassert>
#include <cstdlib>
#include <jpeglib.h>
#include <stdexcept>

namespace hens {
namespace {

// libjpeg ends the process on errors unless this is replaced. Exceptions pass through its frames: Debian's
// libjpeg-turbo is built with unwind tables on every architecture that hens runs on.
[[noreturn]] void throw_error(j_common_ptr codec) {
  char message[JMSG_LENGTH_MAX];
  codec->err->format_message(codec, message);
  throw std::runtime_error(std::string("JPEG: ") + message);
}

class Compressor {
 public:
  Compressor() {
    codec_.err = jpeg_std_error(&errors_);
    errors_.error_exit = throw_error;
    jpeg_create_compress(&codec_);
    jpeg_mem_dest(&codec_, &bytes_, &size_);
  }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  ~Compressor() {
    jpeg_destroy_compress(&codec_);
    std::free(bytes_);
  }

  std::string encode(const Picture& picture, int quality) {
    codec_.image_width = static_cast<JDIMENSION>(picture.width);
    codec_.image_height = static_cast<JDIMENSION>(picture.height);
    codec_.input_components = 3;
    codec_.in_color_space = JCS_RGB;
    jpeg_set_defaults(&codec_);
    jpeg_set_quality(&codec_, quality, TRUE);
    codec_.comp_info[0].h_samp_factor = codec_.comp_info[0].v_samp_factor = 1;
    codec_.optimize_coding = TRUE;
    jpeg_start_compress(&codec_, TRUE);
    const size_t stride = static_cast<size_t>(picture.width) * 3;
    while (codec_.next_scanline < codec_.image_height) {
      // libjpeg only reads the row.
      JSAMPROW row = const_cast<uint8_t*>(picture.rgb.data() + codec_.next_scanline * stride);
      jpeg_write_scanlines(&codec_, &row, 1);
    }
    jpeg_finish_compress(&codec_);
    return {reinterpret_cast<const char*>(bytes_), size_};
  }

 private:
  jpeg_compress_struct codec_{};
  jpeg_error_mgr errors_{};
  unsigned char* bytes_ = nullptr;  // libjpeg allocates by malloc
  unsigned long size_ = 0;
};

}  // namespace

std::string encode_jpeg(const Picture& picture, int quality) {
  assert(quality >= 1 && quality <= 100);
  assert(picture.rgb.size() == static_cast<size_t>(picture.width) * picture.height * 3);
  return Compressor().encode(picture, quality);
}

}  // namespace hens
