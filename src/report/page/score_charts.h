// Charts of a run's scores for the page, from the scores.json that `hens score` left in its folder: spread and skill by
// lead time, rank histograms, reliability.
#pragma once

#include "report/page/page_pictures.h"

namespace hens {

// Throws Error{bad_input} where scores.json is of another run, or is no such file. None where there is none.
std::vector<PageChart> score_charts(const fs::path& run_folder, const Manifest& manifest);

}  // namespace hens
