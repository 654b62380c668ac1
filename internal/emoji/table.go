package emoji

// table has a line for each well-known name: the name, the character to send for
// it, then other characters and short codes that mean it. Each word but the name
// has a space on both sides, which is what look-ups rely on. Some characters end
// in the invisible selector U+FE0F.
const table = `
100 💯 100 ;
thumbs_up 👍 +1 thumbsup ;
thumbs_down 👎 -1 thumbsdown ;
clap 👏 clap ;
wave 👋 wave ;
pray 🙏 pray ;
muscle 💪 muscle ;
ok_hand 👌 ok_hand ;
point_up 👆 point_up ;
point_down 👇 point_down ;
point_left 👈 point_left ;
point_right 👉 point_right ;
raised_hands 🙌 raised_hands ;
shrug 🤷 shrug ;
facepalm 🤦 facepalm ;
heart ❤️ heart ;
smile 😊 smile slightly_smiling_face ;
laugh 😂 😆 laughing satisfied joy ;
thinking 🤔 thinking_face ;
sad 😢 cry sad white_frowning_face ;
cry 😭 sob ;
angry 😠 angry ;
love_eyes 😍 heart_eyes ;
cool 😎 sunglasses ;
wink 😉 wink ;
surprised 😮 open_mouth ;
worried 😟 worried ;
confused 😕 confused ;
neutral 😐 neutral_face ;
sleeping 😴 sleeping ;
sick 🤢 nauseated_face ;
mind_blown 🤯 exploding_head ;
relieved 😌 relieved ;
grimace 😬 grimacing ;
rolling_eyes 🙄 rolling_eyes ;
hug 🤗 hugging_face ;
zany 🤪 zany_face ;
check ✅ ✔️ white_check_mark heavy_check_mark ;
x ❌ ✖️ x heavy_multiplication_x ;
question ❓ ? question ;
exclamation ❗ exclamation ;
warning ⚠️ warning ;
stop 🛑 octagonal_sign ;
info ℹ️ information_source ;
fire 🔥 fire ;
star ⭐ star ;
sparkles ✨ sparkles ;
lightning ⚡ zap ;
boom 💥 boom ;
eyes 👀 eyes ;
green_circle 🟢 large_green_circle ;
yellow_circle 🟡 large_yellow_circle ;
red_circle 🔴 red_circle ;
blue_circle 🔵 large_blue_circle ;
white_circle ⚪ white_circle ;
black_circle ⚫ black_circle ;
rocket 🚀 rocket ;
party 🎉 🥳 tada partying_face ;
confetti 🎊 confetti_ball ;
balloon 🎈 balloon ;
gift 🎁 gift ;
trophy 🏆 trophy ;
medal 🥇 first_place_medal ;
lightbulb 💡 bulb ;
gear ⚙️ gear ;
wrench 🔧 wrench ;
hammer 🔨 hammer ;
bug 🐛 bug ;
link 🔗 link ;
lock 🔒 lock ;
unlock 🔓 unlock ;
key 🔑 key ;
pin 📌 pushpin ;
memo 📝 memo ;
clipboard 📋 clipboard ;
calendar 📅 calendar ;
clock 🕐 clock1 ;
hourglass ⏳ hourglass ;
bell 🔔 bell ;
megaphone 📢 mega ;
speech_bubble 💬 speech_balloon ;
email 📧 email ;
inbox 📥 inbox_tray ;
outbox 📤 outbox_tray ;
package 📦 package ;
folder 📁 file_folder ;
file 📄 page_facing_up ;
chart_up 📈 chart_with_upwards_trend ;
chart_down 📉 chart_with_downwards_trend ;
coffee ☕ coffee ;
pizza 🍕 pizza ;
beer 🍺 beer ;
arrow_up ⬆️ arrow_up ;
arrow_down ⬇️ arrow_down ;
arrow_left ⬅️ arrow_left ;
arrow_right ➡️ arrow_right ;
refresh 🔄 arrows_counterclockwise ;
sun ☀️ sunny ;
cloud ☁️ cloud ;
rain 🌧️ rain_cloud ;
snow ❄️ snowflake ;
rainbow 🌈 rainbow ;
`

// aliases has a line for each short code that GitHub has in another spelling: the
// code and GitHub's.
const aliases = `
hooray tada
hugging_face hugs
face_with_rolling_eyes roll_eyes
white_frowning_face frowning_face
the_horns metal
sign_of_the_horns metal
i_love_you_hand_sign love_you_gesture
face_with_monocle monocle_face
first_place_medal 1st_place_medal
second_place_medal 2nd_place_medal
third_place_medal 3rd_place_medal
smiling_face_with_3_hearts smiling_face_with_three_hearts
face_with_cowboy_hat cowboy_hat_face
face_vomiting vomiting_face
face_with_hand_over_mouth hand_over_mouth
face_with_raised_eyebrow raised_eyebrow
grinning_face_with_star_eyes star_struck
grinning_face_with_one_large_and_one_small_eye zany_face
serious_face_with_symbols_covering_mouth cursing_face
shocked_face_with_exploding_head exploding_head
mostly_sunny sun_behind_small_cloud
rain_cloud cloud_with_rain
snow_cloud cloud_with_snow
lightning cloud_with_lightning
thunder_cloud_and_rain cloud_with_lightning_and_rain
spock-hand vulcan_salute
reversed_hand_with_middle_finger_extended middle_finger
hand_with_index_and_middle_fingers_crossed crossed_fingers
heavy_heart_exclamation_mark_ornament heavy_heart_exclamation
admission_tickets tickets
spiral_note_pad spiral_notepad
spiral_calendar_pad spiral_calendar
double_vertical_bar pause_button
film_frames film_strip
waving_white_flag white_flag
waving_black_flag black_flag
medal medal_military
sports_medal medal_sports
ladybug lady_beetle
red_heart heart
folded_hands pray
waving_hand wave
clapping_hands clap
raising_hands raised_hands
victory_hand v
flexed_biceps muscle
party_popper tada
check_mark_button white_check_mark
check_mark heavy_check_mark
cross_mark x
cross_mark_button negative_squared_cross_mark
prohibited no_entry_sign
face_with_tears_of_joy joy
glowing_star star2
light_bulb bulb
hundred_points 100
`
