// libvoice_llama.so: the ABI of voice_llama.h on top of libllama.
//
// C++ for one reason: libllama throws (a grammar that cannot go on, memory), and an exception that leaves a C function
// ends the host's process. Every function that calls into it catches everything and returns an error instead.

#include "voice_llama.h"

#include <llama.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <exception>
#include <memory>
#include <vector>

namespace {

// Tokens per llama_decode: an abort is looked at between the steps of one, so its size does not matter for that.
constexpr uint32_t BATCH_TOKENS = 512;

constexpr int32_t TOP_K = 40; // llama.cpp's own default; keeps top-p and temperature off the other 150,000 tokens

struct BatchFree {
	void operator()(llama_batch *batch) const
	{
		llama_batch_free(*batch);
		delete batch;
	}
};

using Model = std::unique_ptr<llama_model, decltype(&llama_model_free)>;
using Context = std::unique_ptr<llama_context, decltype(&llama_free)>;
using Sampler = std::unique_ptr<llama_sampler, decltype(&llama_sampler_free)>;
using Batch = std::unique_ptr<llama_batch, BatchFree>;

void fail(char *error, size_t error_bytes, const char *what, const char *detail)
{
	if (error && error_bytes)
		snprintf(error, error_bytes, "%s: %s", what, detail);
}

bool is_aborted(void *data)
{
	return static_cast<std::atomic<bool> *>(data)->load(std::memory_order_relaxed);
}

// The library must not write to the host's standard error.
void discard_log(ggml_log_level, const char *, void *) {}

} // namespace

struct voice_llama {
	Model model{nullptr, llama_model_free};
	Context context{nullptr, llama_free};
	Batch batch;
	const llama_vocab *vocab = nullptr;
	std::atomic<bool> aborted{false};
	std::vector<llama_token_data> candidates;

	// All tokens with the scores of the last evaluation.
	llama_token_data_array scored()
	{
		const float *logits = llama_get_logits_ith(context.get(), -1);
		candidates.resize(static_cast<size_t>(llama_vocab_n_tokens(vocab)));
		if (!logits)
			candidates.clear();
		for (size_t i = 0; i < candidates.size(); i++)
			candidates[i] = {static_cast<llama_token>(i), logits[i], 0.0f};
		return {candidates.data(), candidates.size(), -1, false};
	}
};

struct voice_llama_sampler {
	Sampler choice{nullptr, llama_sampler_free};
	Sampler grammar{nullptr, llama_sampler_free};

	bool allows(llama_token token)
	{
		llama_token_data one = {token, 1.0f, 0.0f};
		llama_token_data_array only = {&one, 1, -1, false};
		llama_sampler_apply(grammar.get(), &only);
		return std::isfinite(one.logit);
	}

	llama_token choose(llama_token_data_array candidates)
	{
		if (candidates.size == 0)
			return -1;
		llama_sampler_apply(choice.get(), &candidates);
		return candidates.selected < 0 ? -1 : candidates.data[candidates.selected].id;
	}
};

uint32_t voice_llama_abi(void)
{
	return VOICE_LLAMA_ABI;
}

voice_llama *voice_llama_open(const char *path, uint32_t context_tokens, uint32_t sequences, uint32_t threads,
			      char *error, size_t error_bytes)
try {
	llama_log_set(discard_log, nullptr);
	llama_backend_init();

	auto self = std::make_unique<voice_llama>();
	llama_model_params model_params = llama_model_default_params();
	model_params.n_gpu_layers = 0;
	self->model.reset(llama_model_load_from_file(path, model_params));
	if (!self->model) {
		fail(error, error_bytes, path, "not a language model that can be loaded");
		return nullptr;
	}
	llama_context_params params = llama_context_default_params();
	params.n_ctx = context_tokens;
	params.n_batch = params.n_ubatch = BATCH_TOKENS;
	params.n_seq_max = sequences;
	params.kv_unified = true; // sequences share their beginning without copies
	params.n_threads = params.n_threads_batch = static_cast<int32_t>(threads);
	params.no_perf = true;
	params.abort_callback = is_aborted;
	params.abort_callback_data = &self->aborted;
	self->context.reset(llama_init_from_model(self->model.get(), params));
	if (!self->context) {
		fail(error, error_bytes, path, "no memory for the model's context");
		return nullptr;
	}
	self->batch.reset(new llama_batch(llama_batch_init(BATCH_TOKENS, 0, 1)));
	self->vocab = llama_model_get_vocab(self->model.get());
	return self.release();
} catch (const std::exception &exception) {
	fail(error, error_bytes, path, exception.what());
	return nullptr;
}

void voice_llama_close(voice_llama *model)
{
	delete model;
}

int32_t voice_llama_format(voice_llama *model, const char *const *roles, const char *const *contents, size_t count,
			   int32_t open_answer, char *text, int32_t text_bytes)
try {
	std::vector<llama_chat_message> messages(count);
	for (size_t i = 0; i < count; i++)
		messages[i] = {roles[i], contents[i]};
	const char *form = llama_model_chat_template(model->model.get(), nullptr);
	// Models without a template of their own mostly understand the "chatml" form.
	return llama_chat_apply_template(form ? form : "chatml", messages.data(), count, open_answer != 0, text,
					 text_bytes);
} catch (const std::exception &) {
	return -1;
}

int32_t voice_llama_tokenize(voice_llama *model, const char *text, int32_t text_bytes, int32_t *tokens,
			     int32_t capacity)
try {
	return llama_tokenize(model->vocab, text, text_bytes, tokens, capacity, true, true);
} catch (const std::exception &) {
	return 0;
}

int32_t voice_llama_piece(voice_llama *model, int32_t token, char *bytes, int32_t capacity)
try {
	return llama_token_to_piece(model->vocab, token, bytes, capacity, 0, false);
} catch (const std::exception &) {
	return -1;
}

int32_t voice_llama_is_end(voice_llama *model, int32_t token)
{
	return llama_vocab_is_eog(model->vocab, token);
}

void voice_llama_keep(voice_llama *model, int32_t sequence, int32_t count)
{
	llama_memory_seq_rm(llama_get_memory(model->context.get()), sequence, count, -1);
}

void voice_llama_share(voice_llama *model, int32_t source, int32_t target, int32_t count)
{
	llama_memory_t memory = llama_get_memory(model->context.get());
	llama_memory_seq_rm(memory, target, -1, -1);
	llama_memory_seq_cp(memory, source, target, 0, count);
}

int32_t voice_llama_evaluate(voice_llama *model, int32_t sequence, int32_t position, const int32_t *tokens,
			     int32_t count)
try {
	llama_batch &batch = *model->batch;
	for (int32_t start = 0; start < count; start += batch.n_tokens) {
		batch.n_tokens = std::min<int32_t>(count - start, BATCH_TOKENS);
		for (int32_t i = 0; i < batch.n_tokens; i++) {
			batch.token[i] = tokens[start + i];
			batch.pos[i] = position + start + i;
			batch.n_seq_id[i] = 1;
			batch.seq_id[i][0] = sequence;
			batch.logits[i] = start + i == count - 1; // only what follows the last token is wanted
		}
		switch (llama_decode(model->context.get(), batch)) {
		case 0: break;
		case 1: return VOICE_LLAMA_FULL;
		case 2: return VOICE_LLAMA_ABORTED;
		default: return VOICE_LLAMA_FAILED;
		}
	}
	return VOICE_LLAMA_OK;
} catch (const std::exception &) {
	return VOICE_LLAMA_FAILED;
}

void voice_llama_abort(voice_llama *model, int32_t on)
{
	model->aborted.store(on != 0, std::memory_order_relaxed);
}

voice_llama_sampler *voice_llama_sampler_open(voice_llama *model, const char *grammar, float temperature, float top_p,
					      uint32_t seed, char *error, size_t error_bytes)
try {
	auto self = std::make_unique<voice_llama_sampler>();
	if (grammar) {
		self->grammar.reset(llama_sampler_init_grammar(model->vocab, grammar, "root"));
		if (!self->grammar) {
			fail(error, error_bytes, "grammar", "not valid GBNF with a rule named root");
			return nullptr;
		}
	}
	self->choice.reset(llama_sampler_chain_init(llama_sampler_chain_default_params()));
	if (temperature > 0) {
		llama_sampler_chain_add(self->choice.get(), llama_sampler_init_top_k(TOP_K));
		llama_sampler_chain_add(self->choice.get(), llama_sampler_init_top_p(top_p, 1));
		llama_sampler_chain_add(self->choice.get(), llama_sampler_init_temp(temperature));
		llama_sampler_chain_add(self->choice.get(), llama_sampler_init_dist(seed));
	} else {
		llama_sampler_chain_add(self->choice.get(), llama_sampler_init_greedy());
	}
	return self.release();
} catch (const std::exception &exception) {
	fail(error, error_bytes, "sampler", exception.what());
	return nullptr;
}

void voice_llama_sampler_close(voice_llama_sampler *sampler)
{
	delete sampler;
}

int32_t voice_llama_sample(voice_llama *model, voice_llama_sampler *sampler)
try {
	llama_token token = sampler->choose(model->scored());
	// Holding the grammar against all 150,000 tokens takes longer than evaluating one, and the model's own choice
	// is nearly always allowed: so the grammar looks at that first.
	if (sampler->grammar && token >= 0 && !sampler->allows(token)) {
		llama_token_data_array candidates = model->scored();
		llama_sampler_apply(sampler->grammar.get(), &candidates);
		token = sampler->choose(candidates);
		if (token >= 0 && !sampler->allows(token))
			return -1;
	}
	if (token >= 0 && sampler->grammar)
		llama_sampler_accept(sampler->grammar.get(), token);
	return token;
} catch (const std::exception &) {
	return -1;
}
