package bench

// The files as their authors published them; the hashes are contentHash of what
// package bench reads of them.
var (
	gsm8kTest  = known{"the test set of GSM8K", 1319, "29b29c7dadad00cf265e474d47dc254ed04b5731ef28122236585d2654c29142"}
	gsm8kTrain = known{"the training set of GSM8K", 7473, "65d4289d88b8e9cd2504f4e1aede6859508edeccaf34c0f2c01ecf3adfb04e8f"}
	mmluTest   = known{"the test set of MMLU", 14042, "7dfce13caa8eb9347b402be1f290b79b6be6937883b00edf54399d8d24438c9a"}
	mmluDev    = known{"the dev set of MMLU", 285, "c855dd6c08df8b5ce42f7b2d4eca0c6eb2a8b4d5759377889244905de6bb3d2a"}
	humanEval  = known{"HumanEval", 164, "358082842273f79dc53b7d08421cc0bbc9ad3a6864d9cda27a0733d596efaf9b"}
	mbpp       = known{"MBPP", 974, "573fa6262a43f82327ab49b704923c4a4a7bd9520da49642b8752822efdb14c6"}
	bbhAll     = known{"BBH (BIG-Bench Hard)", 6511, ""} // all tasks together
)

// bbhTask is one of BBH's 27 tasks.
type bbhTask struct {
	name string
	rows int
	hash string
}

func (t bbhTask) known() known { return known{"BBH's " + t.name, t.rows, t.hash} }

var bbhTasks = []bbhTask{
	{"boolean_expressions", 250, "55a3696888bb1263ea2429d408a79d706790258434a2b4d18dc9b060e697daab"},
	{"causal_judgement", 187, "1acd96932b5c960ec825c5f4ac57052557a2bf009cbf99b8a7d170237e873942"},
	{"date_understanding", 250, "f2147c9e824a41665d8b7fda3538a0586f650bff8b5f3c59e525c5613c6559d8"},
	{"disambiguation_qa", 250, "61ca3fabdd237dd4d1e42567e169b8f6db67daafb6c72526015a6d57bef342f4"},
	{"dyck_languages", 250, "3ecd79dece584c29e9d9364267457a9b636b7db53c842a360f3d8fa039ed2aa2"},
	{"formal_fallacies", 250, "750a9ce91a4fe21ad0ef3349f09e1434fc721fd27363240cf7c60d170e3aec51"},
	{"geometric_shapes", 250, "f547ef033bbaed2fcd8902c714ee19022ca95487004466379b678d5860cf956c"},
	{"hyperbaton", 250, "252059d982e8f73795f4cb213c69c6f0f05c6b7f3d887ea391aa0e1ad6d8b8a9"},
	{"logical_deduction_five_objects", 250, "989ec0292986e0a28a8d832a45e47da5c52c30036f4593cda2469275aed79589"},
	{"logical_deduction_seven_objects", 250, "a179564043adc9d75dd23d732a9836ee20429d8e9c716f84c5ae12ebed4a857a"},
	{"logical_deduction_three_objects", 250, "54e4a4c21102dad21c8e345696a30ea513d55243170034950f2a023b752e7a45"},
	{"movie_recommendation", 250, "964b9fdd54efcdf0b87a182dd08b0aad9f56730b36306d4cb84ada49e98e7d41"},
	{"multistep_arithmetic_two", 250, "c80b7dcb9ae62b8eff4ed72b9faa02e110cfab45ca689f52fb6a3890a00f2ef6"},
	{"navigate", 250, "d100b7ef14208d76ae037628136bc01185683d33817c6f1d1c1c032b0feeba90"},
	{"object_counting", 250, "b8c291f4b95ec9f1c73b865be2d7bad740355e9d9fcca1d3b0cf4e3251bb992c"},
	{"penguins_in_a_table", 146, "d45698776943151a85c954a65f75d0319d9015f6bd758298691990ebaa0dbae4"},
	{"reasoning_about_colored_objects", 250, "1bcdf526783daccd2228ec26ac63442ba3973a2f3cd1d721da4c3d0164e9405b"},
	{"ruin_names", 250, "0ce0c29adee58dcecf52fb6c59500da960b079d331745926e2c6b32669d8df6d"},
	{"salient_translation_error_detection", 250, "6df5a96235552cc241d534ddfa0b2be269447a3ea98f3f001aec71841cfbec4c"},
	{"snarks", 178, "bcfecf1924cadfa3b903d84db356aba6d080ad09c3419fd27d648552f4344bd6"},
	{"sports_understanding", 250, "71151f0543615e5d0a8ada0c589c82bbfb3c668fa4f4890fe5aa4e2e0fca0cf9"},
	{"temporal_sequences", 250, "c43f174c226b6ac87dc9a12eb944be72dacdeb861b9e52cd15c193ca88a14896"},
	{"tracking_shuffled_objects_five_objects", 250, "8e9318d7d71a01c67f323f6aca78a405030dd1d21e10710bef4fa7b053bc4e33"},
	{"tracking_shuffled_objects_seven_objects", 250, "737a6003698a196ca779ca83361383b39bad3f07c636a0c6d0d0c113d1e06b8b"},
	{"tracking_shuffled_objects_three_objects", 250, "700d6f7b98f82c8d1a4994e228cfd92e30dd6d2ae5b165ab515410275b81cc31"},
	{"web_of_lies", 250, "e82771f16fb4b9e24b4d046eea2bdd2d5d75056ef42c658a6b0b226a8e5bc1c6"},
	{"word_sorting", 250, "0d06b9aec4f615abf72c3bfde972764465cc87728b4fb2980dd67fcdeaa0d85e"},
}
