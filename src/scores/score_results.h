// The scores of a run as files: scores.json (jobs/scores.schema.json), and scores.csv, a row a score. Pure functions:
// the same forecasts and truth give the same bytes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "scores/score_run.h"

namespace hens {

std::string scores_json(const RunScores& scores);

// model,variable,lead_hours,region,score,value. Model: its number from 0, or all.
std::string scores_csv(const RunScores& scores);

// Each score's name, as far as its event, and what it is: one sentence.
const std::vector<std::pair<std::string, std::string>>& score_definitions();

}  // namespace hens
