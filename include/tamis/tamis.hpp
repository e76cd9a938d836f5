// tamis/tamis.hpp: everything, in the order in which the data moves.
//
//   auto model = tamis::CrossEncoder::load("models/minilm");
//   auto hits = model.rank(query, passages, {.top_k = 10});
//
// No torch and no sentencepiece comes with it. A file that needs one step includes that header
// alone.
#pragma once

#include <tamis/cancel.hpp>    // IWYU pragma: export
#include <tamis/error.hpp>     // IWYU pragma: export
#include <tamis/parallel.hpp>  // IWYU pragma: export
#include <tamis/version.hpp>   // IWYU pragma: export

// strings -> token ids
#include <tamis/text/added_token.hpp>     // IWYU pragma: export
#include <tamis/text/byte_level.hpp>      // IWYU pragma: export
#include <tamis/text/encoded_pair.hpp>    // IWYU pragma: export
#include <tamis/text/load_tokenizer.hpp>  // IWYU pragma: export
#include <tamis/text/pair_encoder.hpp>    // IWYU pragma: export
#include <tamis/text/pair_template.hpp>   // IWYU pragma: export
#include <tamis/text/sentencepiece.hpp>   // IWYU pragma: export
#include <tamis/text/tokenizer.hpp>       // IWYU pragma: export
#include <tamis/text/tokens.hpp>          // IWYU pragma: export
#include <tamis/text/utf8.hpp>            // IWYU pragma: export
#include <tamis/text/windows.hpp>         // IWYU pragma: export
#include <tamis/text/wordpiece.hpp>       // IWYU pragma: export

// token ids -> micro-batches
#include <tamis/batch/packed.hpp>   // IWYU pragma: export
#include <tamis/batch/padded.hpp>   // IWYU pragma: export
#include <tamis/batch/planner.hpp>  // IWYU pragma: export

// files -> weights
#include <tamis/model/bundle.hpp>          // IWYU pragma: export
#include <tamis/model/encoder_config.hpp>  // IWYU pragma: export
#include <tamis/model/tensor_view.hpp>     // IWYU pragma: export
#include <tamis/model/weight_file.hpp>     // IWYU pragma: export

// micro-batches -> scores
#include <tamis/score/activation.hpp>                    // IWYU pragma: export
#include <tamis/score/fused_encoder_scorer.hpp>          // IWYU pragma: export
#include <tamis/score/scorer.hpp>                        // IWYU pragma: export
#include <tamis/score/scorer_abi.hpp>                    // IWYU pragma: export
#if __has_include(<tamis/score/torchscript_scorer.hpp>)  // comes with tamis::torch
#include <tamis/score/torchscript_scorer.hpp>            // IWYU pragma: export
#endif

// scores -> rankings
#include <tamis/rank/dedup.hpp>    // IWYU pragma: export
#include <tamis/rank/fusion.hpp>   // IWYU pragma: export
#include <tamis/rank/ranking.hpp>  // IWYU pragma: export
#include <tamis/rank/top_k.hpp>    // IWYU pragma: export

// all of the above
#include <tamis/cross_encoder.hpp>                             // IWYU pragma: export
#include <tamis/late_interaction.hpp>                          // IWYU pragma: export
#include <tamis/late_interaction/multi_vector.hpp>             // IWYU pragma: export
#if __has_include(<tamis/late_interaction/device_maxsim.hpp>)  // comes with tamis::torch
#include <tamis/late_interaction/device_maxsim.hpp>            // IWYU pragma: export
#endif

// rankings -> the next stage
#include <tamis/cascade/arrival.hpp>           // IWYU pragma: export
#include <tamis/cascade/attempts.hpp>          // IWYU pragma: export
#include <tamis/cascade/candidate.hpp>         // IWYU pragma: export
#include <tamis/cascade/cascade.hpp>           // IWYU pragma: export
#include <tamis/cascade/check.hpp>             // IWYU pragma: export
#include <tamis/cascade/clock.hpp>             // IWYU pragma: export
#include <tamis/cascade/cost_model.hpp>        // IWYU pragma: export
#include <tamis/cascade/late_interaction.hpp>  // IWYU pragma: export
#include <tamis/cascade/options.hpp>           // IWYU pragma: export
#include <tamis/cascade/rerank.hpp>            // IWYU pragma: export
#include <tamis/cascade/run.hpp>               // IWYU pragma: export
#include <tamis/cascade/score_call.hpp>        // IWYU pragma: export
#include <tamis/cascade/score_together.hpp>    // IWYU pragma: export
#include <tamis/cascade/search_together.hpp>   // IWYU pragma: export
#include <tamis/cascade/select.hpp>            // IWYU pragma: export
#include <tamis/cascade/stage.hpp>             // IWYU pragma: export
#include <tamis/cascade/stage_state.hpp>       // IWYU pragma: export
#include <tamis/cascade/trace.hpp>             // IWYU pragma: export
#include <tamis/cascade/warnings.hpp>          // IWYU pragma: export

// stages that call out
#if __has_include(<tamis/remote/http.hpp>)  // comes with tamis::remote
#include <tamis/remote/error.hpp>           // IWYU pragma: export
#include <tamis/remote/hosted_rerank.hpp>   // IWYU pragma: export
#include <tamis/remote/http.hpp>            // IWYU pragma: export
#include <tamis/remote/judge.hpp>           // IWYU pragma: export
#include <tamis/remote/price.hpp>           // IWYU pragma: export
#include <tamis/remote/rerank_api.hpp>      // IWYU pragma: export
#endif

// databases as the first stage
#if __has_include(<tamis/store/store.hpp>)  // comes with tamis::store
#include <tamis/store/error.hpp>            // IWYU pragma: export
#include <tamis/store/postgres.hpp>         // IWYU pragma: export
#include <tamis/store/qdrant.hpp>           // IWYU pragma: export
#include <tamis/store/search_engine.hpp>    // IWYU pragma: export
#include <tamis/store/sqlite.hpp>           // IWYU pragma: export
#include <tamis/store/store.hpp>            // IWYU pragma: export
#endif

// rankings -> numbers
#include <tamis/eval/bootstrap.hpp>  // IWYU pragma: export
#include <tamis/eval/metrics.hpp>    // IWYU pragma: export
