// report.html: one page about a run, to look at and to hand on. One file that needs no other and no network.
//
// Pictures and charts are made first (page_pictures.h): they need the stores, and nothing that changes while other
// processes end. The page is then a pure function of them and of the manifest.
#pragma once

#include <string>

#include "report/page/page_pictures.h"
#include "run/manifest.h"

namespace hens {

// The whole file. Every text of the spec, of names and of messages stands in it escaped; its
// Content-Security-Policy lets no script run but the page's own, and nothing be fetched. A section without anything to
// show is left out. The same arguments give the same bytes.
std::string report_page(const Manifest& manifest, const PagePictures& pictures);

}  // namespace hens
