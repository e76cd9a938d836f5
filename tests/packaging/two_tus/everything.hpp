// Every header, and a use of what each translation unit would define anew if it were not inline.
#pragma once
#ifdef HAS_ENGINE
#include <tamis/tamis.hpp>
#else
#include <tamis/batch/padded.hpp>
#include <tamis/batch/planner.hpp>
#include <tamis/eval/bootstrap.hpp>
#include <tamis/eval/metrics.hpp>
#include <tamis/rank/dedup.hpp>
#include <tamis/rank/fusion.hpp>
#include <tamis/rank/top_k.hpp>
#include <tamis/score/activation.hpp>
#include <tamis/score/scorer.hpp>
#include <tamis/text/tokenizer.hpp>
#include <tamis/version.hpp>
#endif

std::size_t best(const std::vector<float>& scores);
